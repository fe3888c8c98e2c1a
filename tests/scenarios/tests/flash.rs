//! What the flash has to do with it: nothing in a check but the first, one barrier in a spend.

use keyfob::{Units, Verdict};
use keyfob_scenarios::{COUNTED, stand};

#[test]
fn a_warm_check_takes_two_reports_and_reads_no_flash() {
    let (bench, desk) = stand(1_000);
    let client = bench.client().unwrap();
    let session = client.login(COUNTED).unwrap();
    let statistics = || desk.with(|emulator| emulator.flash_statistics());
    let cold = statistics();
    assert!(matches!(session.check().unwrap(), Verdict::Full(_)));
    // The first claim of a power-up notes the PC's clock: five notes, the estimate and the grace starts left.
    let (before, counts) = (statistics(), client.counts());
    assert_eq!((before.programmed - cold.programmed, before.barriers - cold.barriers), (16 + 5 * 8 + 8 + 4, 1));
    for _ in 0..1_000 {
        assert!(matches!(session.check().unwrap(), Verdict::Full(_)));
    }
    assert_eq!(statistics(), before);
    assert_eq!((client.counts().sent, client.counts().received), (counts.sent + 1_000, counts.received + 1_000));
    // The statistics do see reads.
    session.counter().unwrap();
    assert!(statistics().reads > before.reads);
}

#[test]
fn a_spend_programs_its_record_behind_one_barrier() {
    let (bench, desk) = stand(1_000);
    let client = bench.client().unwrap();
    let session = client.login(COUNTED).unwrap();
    let statistics = || desk.with(|emulator| emulator.flash_statistics());
    // The first claim of a power-up writes once for itself.
    let _ = session.check().unwrap();
    let mut compactions = 0;
    for number in 1..=600_u32 {
        let before = statistics();
        session.spend(Units(1)).unwrap();
        let after = statistics();
        if after.erases != before.erases {
            compactions += 1;
            continue;
        }
        assert_eq!(after.barriers - before.barriers, 1, "spend {number}");
        // The value is remaining, serial and 16 bytes for each of 16 spends; a record takes 16 bytes more.
        assert_eq!(after.programmed - before.programmed, 16 + 8 + 16 * 16, "spend {number}");
    }
    assert!(compactions > 0, "no compaction in 600 spends");
    println!("a spend programs 280 bytes with one barrier; {compactions} of 600 compacted before");
    assert_eq!(session.counter().unwrap().remaining, Units(400));
}
