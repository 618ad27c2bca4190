"""The frozen lists behind `linkage.study.names`: origins, given names of children, surnames. Common first.

Written from general knowledge of names in the United Kingdom, in rough order of how common they are. The
names are real names, as they must be to be useful; who carries which surname, birthday and address is
invented.
"""

# Families in a thousand. Judgement, near the shares of the 2021 census of England and Wales (White 81.7 %,
# Asian 9.3 %, Black 4.0 %), moved a little towards the more varied families of young children.
ORIGIN_SHARES = {
    "english": 590,
    "welsh": 55,
    "scottish": 40,
    "irish": 45,
    "pakistani": 80,
    "indian": 45,
    "polish": 30,
    "arabic": 20,
    "african": 45,
    "turkish": 10,
    "chinese": 10,
    "other_european": 30,
}

# origin: (boys, girls)
GIVEN = {
    "english": (
        """Noah Oliver George Arthur Leo Theodore Harry Oscar Archie Jack Henry Charlie Freddie Theo Alfie
        Thomas Jacob Finley Luca William Joshua Lucas Roman Isaac Tommy James Alexander Max Edward Albie
        Reuben Adam Teddy Joseph Mason Rory Elijah Benjamin Daniel Logan Ezra Louie Ethan Harrison Hudson
        Arlo Sonny Samuel Jude Rowan Frankie Bobby Ronnie Carter Hunter Sebastian Toby Jaxon Michael Stanley
        Riley Grayson Ollie Dylan Albert Felix Elliot Louis Frederick Tobias Caleb Jesse Gabriel Jenson
        Ellis Nathan Zachary Vinnie Rupert Ralph Chester Otis Robert Blake Milo Kai Matthew Luke David
        Jackson Aiden Liam Ryan Connor Nicholas Edwin Hugo Barnaby Laurence Jasper Ernest Christopher
        Anthony Patrick Stephen Philip Jonathan Francis Leonard Walter Gregory Timothy Vincent Douglas Peter
        Cameron""",
        """Olivia Amelia Isla Ava Ivy Freya Lily Florence Mia Willow Rosie Sophia Isabella Grace Daisy
        Sienna Poppy Elsie Emily Ella Evelyn Phoebe Evie Charlotte Harper Millie Matilda Maya Sophie Emilia
        Isabelle Alice Maisie Ruby Bonnie Robyn Penelope Hallie Aurora Orla Mabel Violet Ada Eliza Lottie
        Chloe Luna Esme Eva Margot Jessica Arabella Scarlett Lola Maeve Thea Ellie Imogen Rose Darcie Nancy
        Harriet Eleanor Lucy Delilah Amber Olive Lyla Nellie Holly Clara Molly Ayla Gracie Edith Summer
        Hannah Aria Zoë Erin Martha Iris Lara Heidi Beatrice Georgia Annabelle Anna Lilly Elizabeth Abigail
        Katherine Zara Niamh Amelie Sara Victoria Bella Rebecca Margaret Josephine Megan Gabriella Rachel
        Catherine Samantha Chloë Francesca Madeleine Philippa Jennifer Alexandra Kate Christina Susannah
        Tabitha Lydia""",
    ),
    "welsh": (
        """Oscar Osian Dylan Macsen Elis Tomos Gruffydd Rhys Jac Ioan Harri Cai Owain Iestyn Morgan Steffan
        Emrys Llew Gethin Ifan Siôn Aled Guto Idris Llywelyn Twm Bryn Efan Deio Huw""",
        """Mali Seren Alys Cadi Efa Erin Nansi Ffion Megan Eira Carys Lowri Gwen Betsan Non Siân Catrin Cari
        Lili Martha Elin Nel Awel Mabli Ela Beca Hâf Lleucu Bronwen Rhian""",
    ),
    "scottish": (
        """Jack Noah Finlay Rory Harris Lewis Callum Angus Hamish Brodie Cameron Fraser Lachlan Alasdair
        Ruaridh Ewan Murray Blair Struan Innes Craig Gregor Keir Duncan Calum Euan Fergus Iain""",
        """Isla Millie Orla Eilidh Skye Ailsa Iona Mirren Kirsty Catriona Rowan Morven Lexi Aila Blair
        Mhairi Heather Islay Fiona Callie Ishbel Rhona Maisie Una""",
    ),
    "irish": (
        """Jack Conor Fionn Rían Cillian James Seán Oisín Patrick Tadhg Liam Darragh Callum Eoin Cian Ronan
        Declan Finn Senan Odhrán Shay Kieran Aidan Brendan Killian Niall Dáithí Cormac Lorcan""",
        """Fiadh Éabha Saoirse Niamh Aoife Caoimhe Róisín Orla Clodagh Éire Sadhbh Ciara Aisling Sinéad
        Maeve Cara Erin Bríd Nora Siobhán Gráinne Gráinne-Mae Áine Shauna Kayleigh Bridget""",
    ),
    "pakistani": (
        """Muhammad Mohammed Mohammad Ibrahim Yusuf Musa Ali Ahmed Hassan Hamza Zayn Abdullah Ayaan Umar
        Bilal Rayyan Isa Adam Zakariya Ismail Haris Idris Hussain Usman Zain Imran Faizan Suleman Danyal
        Haroon Kashif Rehan Tariq Sufyan Shahzaib Arham Taha Eesa Mikaeel Azaan""",
        """Fatima Maryam Aisha Zara Ayesha Amina Hafsa Inaya Zainab Khadija Aliza Safa Noor Iqra Anaya Hania
        Sumaya Hira Maira Eshal Mahnoor Sana Alina Sofia Mariam Zoya Anisa Rabia Nimra Saira Zahra Haniya
        Aleena Bushra Samina Rukhsana Sidra Laiba Asma Huda""",
    ),
    "indian": (
        """Arjun Aarav Rohan Krish Dev Vihaan Aryan Kabir Jai Veer Ishaan Reyansh Shiv Nikhil Rahul Harjot
        Gurpreet Jaspreet Arnav Aditya Karan Ravi Kian Yash Neel Samar Advik Ayush Dhruv Manraj Joban
        Harveer Pranav Siddharth Vivaan""",
        """Anaya Aanya Priya Diya Kiara Meera Saanvi Isha Aaradhya Riya Simran Jasleen Harleen Anika Avni
        Myra Kavya Navya Pooja Nisha Tara Aisha Amrit Gurleen Mehar Rhea Ishani Shreya Ira Anvi Lakshmi
        Divya Sahiba Nandini Trisha""",
    ),
    "polish": (
        """Jakub Antoni Filip Jan Aleksander Oskar Adam Kacper Mikołaj Szymon Wojciech Michał Stanisław Leon
        Nikodem Oliwier Dawid Igor Łukasz Mateusz Piotr Tymon Maksymilian Kamil Hubert Paweł""",
        """Zofia Maja Hanna Julia Zuzanna Lena Oliwia Alicja Laura Amelia Natalia Antonina Wiktoria Nikola
        Małgorzata Gabriela Aleksandra Łucja Kornelia Weronika Kinga Michalina Emilia Nadia Róża
        Anastazja""",
    ),
    "arabic": (
        """Mohamed Omar Yousef Ahmad Ali Adam Karim Hamza Khalid Mustafa Hassan Tareq Rayan Anas Ibrahim
        Zaid Yahya Faisal Sami Walid Jamal Bashir Nasser Saif Mahdi Elias""",
        """Mariam Fatima Layla Nour Salma Yasmin Amira Sara Lina Hala Jana Aya Rania Malak Zeinab Hanan
        Dalia Reem Nadia Farah Samira Rahma Tasneem Lamar Huda Sidra""",
    ),
    "african": (
        """David Daniel Emmanuel Samuel Joshua Elijah Michael Nathan Malachi Tobi Ayomide Kwame Kofi Chidi
        Oluwaseun Tunde Abdi Abdirahman Mohamed Jayden Zion Femi Kojo Chukwuemeka Temitope Isaiah Yaw
        Ikechukwu Kelechi Ebenezer Tinashe Farai Oluwadamilola Guled""",
        """Grace Esther Blessing Amara Zoe Hannah Adaeze Abigail Precious Ama Akua Ifeoma Temi Chiamaka
        Faith Favour Oluwatoni Amina Hodan Nala Naomi Deborah Ayaan Ifrah Efua Ngozi Folake Zuri Rutendo
        Adanna Halima Yetunde Imani Simisola""",
    ),
    "turkish": (
        """Yusuf Emir Kerem Mehmet Ali Deniz Ömer Mustafa Can Ege Aras Eymen Burak Emre Kaan Çınar Berat
        Umut Atlas Selim""",
        """Zeynep Elif Defne Azra Ela Ayla Ecrin Melis Esila Lara Asya Nehir Yağmur Çiçek Deniz Selin Su
        Gülşen Eylül Derya""",
    ),
    "chinese": (
        """Ethan Jayden Lucas Ryan Leo Jason Aaron Yichen Haoran Zihan Junjie Kai Wei Ming Jun Kevin Tsz-Hin
        Chun-Kit Hao Yu""",
        """Chloe Emily Sophie Mia Yutong Ruoxi Mei Xin Lily Yan Jasmine Hei-Tung Wing Xinyi Jing Ling
        Tsz-Ching Yi Hui Ying""",
    ),
    "other_european": (
        """David Matei Luca Andrei Alexandru Ștefan Gabriel Matas Lukas Daniel Nikola Mateo João Tiago Ionuț
        Dominik Rareș Viktor Marco Lorenzo Kristián Martin Georgi Enzo Rafael""",
        """Sofia Maria Ioana Anastasia Emma Elena Eva Ana Gabija Luca Antonia Daria Beatriz Inês Giulia
        Mădălina Viktoria Nikoleta Ilinca Carla Leonor Ema Aurora Bianca Mirela""",
    ),
}

SURNAMES = {
    # The first 21 in such an order that, with other origins' Joneses and Wilsons, the shares are near the electoral
    # register's (see `linkage.study.plausible`); below them judgement.
    "english": """Smith Jones Taylor Brown Williams Davies Johnson Wright Robinson Thompson White Walker
        Green Hall Wood Harris Wilson Evans Thomas Roberts Edwards Jackson Clarke Clark Turner Lewis Cooper
        Hill Ward Moore Martin Harrison Baker Morris Parker Allen King Cook Shaw Bennett Lee Young James
        Watson Hughes Mitchell Phillips Carter Richardson Bailey Collins Adams Bell Cox Webb Rogers Foster
        Barker Hunt Mills Palmer Knight Holmes Butler Marshall Barnes Fisher Mason Dixon Chapman Harvey
        Pearson Jenkins Ellis Matthews Lloyd Fletcher Ford Howard Gibson Elliott Andrews Reynolds Day
        Lawrence Payne Spencer Gardner Stevens West Wells Dean Atkinson Brooks Walsh Holland Gregory Webster
        Cole Hart Saunders Armstrong Page Nicholson Burton Booth Carpenter Slater Hudson Hopkins Newman
        Sutton Riley Lane Bradley Barrett Watts Lowe Read Berry Austin Rose Hayes Field Goodwin Tucker Cross
        Bird Parsons Poole Wheeler Nixon Hewitt Simpson Cartwright Osborne Hodgson Chambers Potter Sharp
        Bates Wade Perkins Fuller Nash Warren Norris Fox May Freeman Bishop Long Lambert Peters Rhodes
        Gilbert Dawson Stone Bolton Skinner Hooper Frost Coates Buckley Whitehead Hargreaves Sykes Ainsworth
        Wilkinson Dodd Savage Blackburn Crossley Holt Kershaw Ogden Pickering Steele Tomlinson Yates Baxter
        Curtis D'Arcy""",
    "welsh": """Jones Williams Davies Evans Thomas Roberts Lewis Hughes Morgan Griffiths Edwards Owen James
        Rees Price Jenkins Lloyd Morris Parry Powell Phillips Pritchard Llewellyn Bevan Bowen Howell Vaughan
        Gwynne Pugh Probert Watkins Hopkin Humphreys Meredith Rowlands Tudor Mostyn Gittins Eynon
        Prosser""",
    "scottish": """Smith Brown Wilson Campbell Stewart Thomson Robertson Anderson MacDonald Scott Reid
        Murray Taylor Clark Ross Watson Morrison Paterson Young Mitchell Walker Fraser Miller McDonald Gray
        Henderson Hamilton Johnston Duncan Graham Ferguson Kerr Davidson Bell Cameron Sinclair Sutherland
        Drummond Buchanan McKenzie McLean Gillespie""",
    "irish": """Murphy Kelly O'Brien Ryan O'Connor Walsh Byrne McCarthy Doyle Gallagher Kennedy Lynch Murray
        Quinn Moore McLaughlin Connolly Daly Connell Wilson Dunne Brennan Burke Collins Clarke Hughes
        Fitzgerald Nolan Healy Keane O'Neill O'Reilly Duffy Kavanagh Sweeney McDonagh Maguire Higgins
        Flanagan Mulligan Ní-Chonaill""",
    "pakistani": """Khan Ahmed Hussain Ali Begum Akhtar Mahmood Malik Iqbal Shah Mohammed Miah Rahman Uddin
        Bibi Butt Mirza Chaudhry Raja Sheikh Qureshi Aslam Ashraf Bashir Chowdhury Hassan Islam Kauser
        Mehmood Nawaz Rafiq Saleem Siddiqui Zaman Yousaf Younis Arshad Azam Baig Dar Ghafoor Hanif Javed
        Khalid Latif Majid""",
    "indian": """Patel Singh Kaur Shah Sharma Kumar Gill Sandhu Dhillon Mistry Desai Mehta Gupta Nair Reddy
        Chauhan Parmar Joshi Bains Grewal Sidhu Rai Bhatt Solanki Thakur Verma Menon Pillai D'Souza
        Fernandes Das Ghosh Banerjee Kapoor Malhotra Rao Iyer Naidu Virdee Sehmi""",
    "polish": """Nowak Kowalski Wiśniewski Wójcik Kamiński Lewandowski Zieliński Szymański Woźniak Dąbrowski
        Kozłowski Mazur Jankowski Krawczyk Piotrowski Grabowski Pawłowski Michalski Król Wieczorek Jabłoński
        Wróbel Adamczyk Dudek Stępień Górski Sikora Baran Rutkowski Ostrowski""",
    "arabic": """Ali Mohamed Ahmed Hassan Ibrahim Hussein Mahmoud Abdullah Saleh Omar Khalil Mansour Haddad
        Saad Nasser Hamdan Khoury Aziz Farouk El-Sayed Osman Bakr Taha Salem Darwish Kassem Barakat Shaheen
        Jaber Younes""",
    "african": """Mohamed Mensah Adeyemi Okafor Owusu Ali Osei Boateng Abdi Hassan Asante Okeke Adebayo
        Ogunleye Moyo Ncube Nwosu Eze Agyeman Appiah Bello Balogun Ibrahim Kamara Sesay Diallo Mugisha Okoro
        Ndlovu Dube Tesfaye Warsame Farah Yusuf Antwi Amoah Afolabi Olawale Chukwu Mwangi Ochieng Achebe""",
    "turkish": """Yılmaz Kaya Demir Çelik Şahin Yıldız Öztürk Aydın Arslan Doğan Kılıç Aslan Çetin Kara Koç
        Kurt Özdemir Şimşek Polat Erdoğan Güneş Aksoy Bulut Yavuz""",
    "chinese": """Chen Wong Li Wang Zhang Lee Chan Liu Lin Yang Huang Cheung Wu Lam Ng Zhou Zhao Xu Sun Ho
        Leung Yip Tang Zhu Lau Tsang He Ma Guo Kwok Au-Yeung Chow Mak Fung Yuen Cheng Law Zheng Liang
        Xie""",
    "other_european": """Popescu Ionescu Popa Silva Santos Radu Kazlauskas Horváth Ferreira Rossi Müller
        Stoica García Costa Petrov Dimitrov Ivanova Novák Fernández Russo Papadopoulos Balogh Gheorghe
        Kovács Tóth Pereira Rodrigues Bērziņš Jankauskas Hoxha Krasniqi Mihăilescu""",
}
