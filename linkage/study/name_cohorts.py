"""Given names of earlier births, for elder children and parents: origin -> cohort -> (boys, girls). Common first.

English: the order follows the Office for National Statistics' tables of the top hundred names of 1974, 1984 and 1994
(`Baby names: historical data`) and of the years around 2010 (`Baby names in England and Wales`). Read in copies: the
first ten of 1984 and 25 of its boys, some of 1974 and 1994, the first ten of 2014; `linkage.study.plausible` holds the
people against them. What lies between and below is from memory, and all other origins are judgement.
"""

# A cohort is named for its middle; the year is the first that no longer belongs to it.
COHORTS = {"1970s": 1980, "1980s": 1990, "1990s": 2004, "2010s": 2017, "2020s": 9999}

GIVEN_BEFORE = {
    "english": {
        "1970s": (
            """Paul Mark David Andrew Richard Christopher James Simon Michael Matthew Stephen Lee John Robert Darren
            Daniel Steven Jason Nicholas Jonathan Ian Neil Peter Stuart Anthony Martin Kevin Craig Philip Gary Scott
            Wayne Timothy Benjamin Adam Alan Justin Adrian Carl Gareth Thomas William Nigel Graham Dean Sean Marc
            Barry Shaun Edward Russell Patrick Colin Duncan Geoffrey Keith Damian Julian Trevor Guy Toby Howard""",
            """Sarah Claire Nicola Emma Lisa Joanne Michelle Helen Samantha Karen Rachel Louise Julie Clare Rebecca
            Sharon Caroline Victoria Susan Alison Amanda Tracey Catherine Kelly Elizabeth Deborah Zoe Melanie Sally
            Tracy Angela Jane Kerry Lucy Jennifer Andrea Wendy Kate Anna Natalie Jacqueline Donna Joanna Maria
            Katherine Lorraine Dawn Vanessa Paula Gillian Heather Ruth Marie Philippa Tina Lesley Beverley""",
        ),
        "1980s": (
            """Christopher James David Daniel Michael Matthew Andrew Richard Paul Mark Thomas Adam Robert John Lee
            Benjamin Steven Jonathan Craig Stephen Simon Nicholas Peter Anthony Alexander Gary Ian Ryan Darren Barry
            Philip Luke Stuart William Scott Edward Kevin Joseph Gareth Martin Jamie Sean Neil Timothy Dean Oliver
            Ashley Wayne Carl Samuel Shaun Joshua Kieran Karl Graham Marc Nathan Liam Ben Aaron Dominic Russell""",
            """Sarah Laura Gemma Emma Rebecca Claire Victoria Samantha Rachel Amy Jennifer Nicola Katie Lisa Kelly
            Natalie Louise Michelle Hayley Hannah Helen Charlotte Joanne Lucy Elizabeth Leanne Danielle Donna Katherine
            Clare Stephanie Stacey Lauren Jane Kerry Emily Catherine Sophie Anna Jessica Zoe Kirsty Kimberley Kate
            Jenna Caroline Natasha Rachael Amanda Karen Alexandra Jodie Alison Sara Jemma Carly Heather Holly Ruth
            Melissa Tracy Vicky""",
        ),
        "1990s": (
            """Thomas James Jack Daniel Matthew Ryan Joshua Luke Samuel Jordan Adam Michael Alexander Christopher
            Benjamin Joseph Liam Jake William Andrew George Lewis Oliver David Robert Jamie Nathan Connor Jonathan
            Harry Callum Aaron Ashley Bradley Jacob Kieran Scott Sam John Ben Mohammed Nicholas Kyle Charles Mark Sean
            Edward Stephen Richard Alex Peter Dominic Joe Reece Lee Rhys Steven Anthony Charlie Paul Craig Jason Dale
            Ross Cameron Louis Dean Conor Shane Elliot""",
            """Rebecca Lauren Jessica Charlotte Hannah Sophie Amy Emily Laura Emma Chloe Sarah Lucy Katie Bethany
            Jade Megan Danielle Samantha Alice Abigail Olivia Stephanie Elizabeth Victoria Gemma Kayleigh Natalie
            Georgia Eleanor Rachel Holly Zoe Shannon Grace Kelly Paige Kirsty Natasha Alexandra Nicole Jasmine
            Melissa Naomi Ellie Jodie Leanne Harriet Louise Hayley Jennifer Michelle Chelsea Leah Molly Catherine
            Heather Anna Abbie Francesca Kimberley Claire Amber Nicola Lydia Daisy Courtney Robyn""",
        ),
        "2010s": (
            """Oliver Jack Harry Charlie Alfie Thomas Jacob Joshua James William Noah Riley Daniel George Ethan Samuel
            Oscar Joseph Max Lucas Leo Archie Logan Henry Dylan Benjamin Alexander Isaac Tyler Liam Freddie Jayden
            Mason Lewis Harrison Callum Finley Matthew Adam Luke Theo Edward Nathan Toby Jake Ryan Connor Kai Bobby
            Zachary Sebastian Louie Jamie Harvey Cameron Arthur Aaron Owen Ollie Bailey Reuben Luca Leon Frankie
            Caleb Louis Ellis Stanley Elliot Kian Rhys Michael Jude Robert Kyle Hayden Ashton Teddy Jenson Brandon
            Corey Dexter Evan Taylor Sonny""",
            """Olivia Amelia Emily Ruby Grace Lily Jessica Chloe Sophie Ava Evie Mia Isabella Poppy Ella Isla Charlotte
            Lucy Freya Daisy Phoebe Summer Sophia Scarlett Ellie Megan Alice Holly Evelyn Sienna Florence Imogen Hannah
            Millie Maisie Lola Abigail Erin Amber Brooke Leah Eva Matilda Molly Rosie Lexi Elizabeth Layla Amy Eliza
            Katie Georgia Esme Bethany Isabel Gracie Jasmine Faith Harriet Emma Martha Rose Paige Lilly Eleanor Libby
            Lacey Elsie Zara Annabelle Willow Ivy Bella Skye Maya Anna Keira Heidi Niamh Tilly Rebecca Lauren Mollie
            Darcey Aimee Robyn Tia Hollie Lydia""",
        ),
    },
    "welsh": {
        "1990s": (
            """Gareth Rhys Dafydd Gethin Geraint Owain Huw Aled Rhodri Ieuan Emyr Gwyn Dylan Iwan Alun Ceri Hywel Carwyn
            Gruffydd Meirion""",
            """Siân Rhian Bethan Catrin Nia Angharad Carys Ceri Rhiannon Elin Lowri Ffion Menna Sioned Eleri Gwenllian
            Bronwen Delyth Mair Nerys""",
        )
    },
    "scottish": {
        "1990s": (
            """Scott Craig Ross Stuart Ewan Iain Gordon Fraser Kenneth Graeme Colin Euan Calum Alasdair Duncan Douglas
            Bruce Gregor Hamish Murdo""",
            """Fiona Lynsey Kirsty Gillian Lorna Mairi Eilidh Shona Catriona Heather Morag Elaine Aileen Isla Ailsa
            Jillian Rhona Mhairi Moira Elspeth""",
        )
    },
    "irish": {
        "1990s": (
            """Patrick Sean Ciaran Kieran Brendan Declan Kevin Niall Aidan Conor Eamonn Liam Colm Cathal Donal Fergal
            Gerard Dermot Padraig Seamus""",
            """Siobhán Sinéad Aoife Ciara Róisín Bernadette Deirdre Niamh Gráinne Orla Maeve Aisling Bridget Noreen
            Catherine Geraldine Máire Una Majella Oonagh""",
        )
    },
    "pakistani": {
        "1990s": (
            """Mohammed Imran Asif Shahid Tariq Muhammad Khalid Nadeem Adnan Usman Waqas Kashif Sajid Amir Zahid
            Faisal Rashid Javed Arshad Shabir Abdul Naveed Kamran Shakeel Rizwan Tahir Iftikhar Wasim Mahmood""",
            """Shazia Nasreen Saima Samina Shabana Rukhsana Farzana Nazia Ayesha Sadia Uzma Aisha Shaheen Fozia Bushra
            Tahira Yasmin Rubina Naila Sobia Asma Parveen Rehana Nusrat Zahida Robina Kiran Sumera Noreen Shamim""",
        )
    },
    "indian": {
        "1990s": (
            """Sanjay Rajesh Amit Harpreet Sandeep Vijay Sunil Manjit Ravi Ashok Deepak Anil Nilesh Jaspal Sukhdev
            Hitesh Gurdeep Manoj Suresh Amarjit Kiran Vikram Prakash Balwinder""",
            """Priya Sunita Manjit Harpreet Nisha Rajni Anita Sandeep Kavita Jasvinder Meena Deepa Kiran Hina Sonal
            Rupinder Bhavna Rekha Neha Parminder Seema Geeta Balbir Anjali Pooja""",
        )
    },
    "polish": {
        "1990s": (
            """Piotr Tomasz Krzysztof Marcin Paweł Michał Łukasz Grzegorz Mariusz Rafał Adam Marek Dariusz Artur Jacek
            Sławomir Andrzej Robert Przemysław Mateusz""",
            """Anna Katarzyna Agnieszka Małgorzata Monika Joanna Magdalena Ewa Aleksandra Karolina Sylwia Justyna
            Marta Beata Dorota Iwona Natalia Izabela Edyta""",
        )
    },
    "arabic": {
        "1990s": (
            """Mohamed Ahmed Ali Hassan Khaled Omar Mahmoud Hussein Ibrahim Samir Tarek Nabil Adel Amjad Fadi Hisham
            Jamal Mazen Ziad Youssef""",
            """Fatima Amal Hanan Iman Layla Nadia Huda Samira Rania Mona Wafa Abeer Ghada Najat Souad Khadija Mariam
            Nawal Rana Zahra""",
        )
    },
    "african": {
        "1990s": (
            """Emmanuel Samuel Michael Joseph Abdi Olufemi Kwame Mohamed Ibrahim Adewale Kofi Chinedu Babatunde Tendai
            Isaac Kwabena Ikenna Olumide Hassan Abdullahi Femi Segun Yaw Obinna Godfrey""",
            """Grace Blessing Mary Comfort Folasade Abena Patience Joy Amina Hodan Funmilayo Ngozi Adwoa Faith Mercy
            Yetunde Chioma Fadumo Akosua Bukola Esther Sahra Nkechi Beatrice Oluwakemi""",
        )
    },
    "turkish": {
        "1990s": (
            """Mehmet Mustafa Ahmet Ali Hüseyin Hasan İbrahim Murat Osman Ramazan Serkan Ömer Emrah Gökhan Yusuf Fatih
            Kemal Uğur Volkan Özgür""",
            """Fatma Ayşe Emine Hatice Zeynep Elif Meryem Özlem Sevgi Gülay Songül Hülya Esra Sibel Dilek Yasemin Çiğdem
            Filiz Nurcan Pınar""",
        )
    },
    "chinese": {
        "1990s": (
            """Wei Jun Ming Kwok-Wah Chi-Keung Kenneth Raymond Jason Yong Hao Jie Tao Ka-Ming Wai-Man Peter Alan
            Feng Lei Jian""",
            """Mei Ling Yan Li Siu-Ling Wai-Yee Mei-Ling Karen Amy Xiao Jing Hong Yuk-Ying Suk-Yee Ying Fang Lan Hui
            Grace Susan""",
        )
    },
    "other_european": {
        "1990s": (
            """Andrei Marius Florin Ionuț Vasile Paulo Carlos José António Marco Alessandro Giuseppe Tomas Mindaugas
            Darius Zsolt László Georgi Ivan Dimitar Nikolaos Cristian Mihai Stefan Jean""",
            """Maria Elena Ana Mihaela Cristina Andreea Ioana Carla Sandra Sónia Francesca Giulia Rasa Jurgita Inga
            Katalin Zsuzsanna Ivanka Desislava Eleni Simona Gabriela Monica Daniela Claudia""",
        )
    },
}
