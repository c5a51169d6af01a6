/// A state or territory by the two letters that GPCI writes, with its name: as in `Schemas/values/states.csv`, which a test
/// compares. The pipeline's tables stay out of the library, so that an app carries none of what reads them.
package struct State: Sendable {
    package let code: String
    package let name: String

    package static let all = """
        AL Alabama
        AK Alaska
        AZ Arizona
        AR Arkansas
        CA California
        CO Colorado
        CT Connecticut
        DE Delaware
        DC District of Columbia
        FL Florida
        GA Georgia
        HI Hawaii
        ID Idaho
        IL Illinois
        IN Indiana
        IA Iowa
        KS Kansas
        KY Kentucky
        LA Louisiana
        ME Maine
        MD Maryland
        MA Massachusetts
        MI Michigan
        MN Minnesota
        MS Mississippi
        MO Missouri
        MT Montana
        NE Nebraska
        NV Nevada
        NH New Hampshire
        NJ New Jersey
        NM New Mexico
        NY New York
        NC North Carolina
        ND North Dakota
        OH Ohio
        OK Oklahoma
        OR Oregon
        PA Pennsylvania
        PR Puerto Rico
        RI Rhode Island
        SC South Carolina
        SD South Dakota
        TN Tennessee
        TX Texas
        UT Utah
        VT Vermont
        VA Virginia
        VI Virgin Islands
        WA Washington
        WV West Virginia
        WI Wisconsin
        WY Wyoming
        """.split(separator: "\n").map { State(code: String($0.prefix(2)), name: String($0.dropFirst(3))) }
}
