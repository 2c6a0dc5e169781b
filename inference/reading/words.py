"""Word lists that help where the look of a line or of a full stop does not settle it; all in lower case."""


def word_set(words: str) -> frozenset[str]:
    """The words of a text, blanks between them."""
    return frozenset(words.split())


# Before a full stop: always followed by what they belong to, a name, a number or an example.
TITLES = word_set(
    """
    dr drs mr mrs ms mx prof st vs approx fig figs cf ca rev sr hon lt sgt capt col e.g i.e eg ie viz
    u.s u.k no nos tab tabs cap caps inj syr susp tbl ref incl esp
    """
)

# Before a full stop: a capital after them begins a sentence, anything else goes on.
SHORTENED = word_set(
    """
    etc hr hrs min mins sec secs wk wks mo mos mth mths yr yrs yo temp wt ht hx rx dx sx tx fx pt pts
    resp cont contd incr decr inc dec max avg est dept hosp tel ext appt appts pos neg bilat abd abdo
    ant post lat med meds prev poss prob reg sat sats sol soln vol mod sev sig sl sup inf int exam freq
    diff dist prox assoc jan feb mar apr jun jul aug sep sept oct nov mon tue tues wed thu thur thurs
    fri sun al jr consult ltd
    """
)

# Before a capital letter that ends a sentence: "Hepatitis C. He denies".
BEFORE_LETTER = word_set(
    """
    hepatitis hep vitamin vit type class grade stage group plan factor influenza child-pugh category
    level bipap
    """
)

# Begin a sentence, never a surname: "vitamin K. She" but "J. Smith".
SENTENCE_STARTERS = word_set(
    """
    he she they it we i his her their its the this these those there that no not nil denies denied
    reports reported patient pt on in at for after before during since given both all any if when today
    currently however continue start stop review follow plan please advised will was is has had a an
    he's she's
    """
)

# What headers of clinical notes are made of.
HEADER_WORDS = word_set(
    """
    complaint complaints presenting chief reason referral admission visit attendance consultation
    encounter history hx present current past previous medical surgical family social drug drugs
    medication medications medicines medicine meds home discharge allergy allergies intolerances adverse
    reactions immunisations immunizations vaccinations review systems physical exam examination findings
    vital vitals signs observations obs result results labs lab laboratory data investigations
    investigation imaging radiology pathology bloods tests procedures procedure operation operations
    operative hospital course summary assessment impression diagnosis diagnoses differential problem
    problems list plan recommendations recommendation management treatment follow-up followup follow up
    instructions disposition background subjective objective interval overview clinical opinion outcome
    outcomes action actions advice narrative illness gynaecological gynecological obstetric psychiatric
    developmental birth smoking occupational alcohol functional mobility risk factors ecg ekg x-ray xray
    ct mri echo microbiology pending changes stopped started changed principal primary secondary active
    inactive resolved issues events safety netting consults key details patient's gp to-do todo next
    steps appointments education counselling counseling code status indication technique comparison
    reports reviewed nursing
    """
)

# Headers in short.
HEADER_ABBREVIATIONS = word_set(
    """
    cc hpi hpc hopc hxpc pc pmh pmhx psh pshx fh fhx fmhx sh shx dh dhx mh ros oe o/e imp impr ix mx rx
    tx dx ddx a/p ap a&p assessment/plan obs meds labs vitals all pe hx phx psurghx socialhx sochx f/u
    fu nkda/allergies mdm ed edc s o a p
    """
)

# Allowed inside any header.
JOINING = word_set(
    """
    and or of on at the for in to with a an by your from & / + -
    """
)

# Sub-headers of an examination or a review of systems: they stand inside a section and do not end it.
BODY_SYSTEMS = word_set(
    """
    general constitutional appearance head eyes ears nose mouth throat heent ent neck chest lungs heart
    cardiac cardiovascular cardiorespiratory cvs cv respiratory resp pulmonary abdomen abdominal abdo gi
    gastrointestinal gu genitourinary renal neuro neurological neurologic neurology cns pns msk
    musculoskeletal extremities limbs back spine skin integumentary psych psychiatric psychological
    mental mood lymph lymphatic haematological hematological hematologic endocrine breast breasts
    vascular legs
    """
)

# May stand beside a body system.
EXAMINED = word_set(
    """
    system systems exam examination
    """
)

# Header words that by themselves only narrow the section they stand in.
QUALIFIERS = word_set(
    """
    medical surgical alcohol smoking occupational developmental functional primary secondary active
    inactive current past previous present home key details risk gp
    """
)

# Before a number that counts something and opens no item: "paracetamol x 2. Review".
COUNTED = word_set(
    """
    x × for in over of or to and at least about than type grade stage class day days week month no nos
    number age aged times group phase score gravida para by per approximately ~ = < >
    """
)

# What header rows of tables are made of.
COLUMN_NAMES = word_set(
    """
    drug medication medicine dose dosage route frequency freq indication test result results value
    values units unit range reference date time name finding parameter investigation duration status
    comment comments notes start stop action change reason day site type procedure problem diagnosis
    allergen reaction severity measurement normal flag analyte component item vital sign
    """
)
