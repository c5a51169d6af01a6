import FeeSchedule

/// What a month comes to: whole numbers of hundredths, so that no sum is ever a cent off.
struct Month {
    var units = 0
    var wRVU = RVU.zero
    var payment = Money.zero
}
