"""The Spark session of the environment: of ``SPARK_REMOTE``, ``spark-submit``, or the platform."""

from __future__ import annotations

from typing import Any


def session() -> Any:
    """A session; ``ImportError`` saying what to install where there is no Spark."""
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        raise ImportError(
            "--engine spark needs PySpark: pip install 'linkage-pprl[spark]', or use that of your platform"
        ) from None
    return SparkSession.builder.appName("linkage").getOrCreate()
