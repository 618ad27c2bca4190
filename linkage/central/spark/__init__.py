"""The same linkage on a Spark cluster: candidates joined, scored and assigned by its workers, links as on one machine.

    from linkage.central.spark import OnSpark
    links = lk.link(left, right, candidates=lk.Blocks(), run=OnSpark(spark, "/shared/run"))

DataFrames alone, so that Spark Connect and Databricks do; extra ``spark`` where no platform has its own. The workers
need this library installed, and never see a key: encodings go to them, and they must be as trusted as the centre.

What is done where. The driver streams the sets from their files, checks them, estimates the model on a sample of the
records and stages rows and block keys in the run's folder as Parquet. The cluster counts the candidates and refuses a
flood; then, for some left rows at a time, joins row numbers alone on the keys, drops what met twice, brings the filters
to the pairs that are left, and scores them by the same kernels. What reaches the floor comes back to the driver, where
rivals are weighed against one another, in the memory that `link` allows: some hundred bytes a contender, of which there
were one to two a record; where they are more, the lightest are dropped. The cluster then finds which pairs hang
together, and assigns group by group. Every part is kept, so a run that was stopped goes on.
"""

from linkage.central.spark.engine import OnSpark
from linkage.central.spark.joined import candidate_pairs

__all__ = ["OnSpark", "candidate_pairs"]
