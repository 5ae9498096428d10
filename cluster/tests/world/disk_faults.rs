//! Faults of disks, felt by programs that are not ours: what goes wrong, what is counted, what heals.

use crate::disks::{Place, text};
use crate::suite::{eventually, tests};
use cluster::DiskFault;
use cluster::disk::{DiskFaultCounters, Request};
use std::process::Output;
use std::time::Duration;

tests![
    failing_requests_are_seen_by_programs_and_counted,
    a_sync_that_fails_can_lose_what_a_later_one_claims,
    a_full_disk_refuses_what_grows_and_nothing_else,
    a_slow_disk_delays_and_does_not_outlive_its_power,
    a_rotten_block_stays_rotten_and_heals,
    a_stale_block_holds_what_it_held_before,
    a_fault_that_was_healed_is_not_healed_again,
];

/// What a script prints under a fault, and what the fault was counted to do.
fn under(place: &Place, fault: DiskFault, script: &str) -> (Output, DiskFaultCounters) {
    let id = place.disk.install(fault);
    let output = place.try_sh(script);
    assert!(place.disk.counters(id).is_ok());
    (output, place.disk.heal(id).unwrap())
}

/// Every request of these takes an hour.
pub fn hanging(requests: &[Request]) -> DiskFault {
    let hour = Duration::from_secs(3600);
    DiskFault::Slow {
        requests: requests.to_vec(),
        min: hour,
        max: hour,
        bytes_per_second: None,
    }
}

fn fail(requests: &[Request], drop_unsynced: bool) -> DiskFault {
    DiskFault::Fail {
        requests: requests.to_vec(),
        after: 0,
        probability: 1.0,
        drop_unsynced,
    }
}

fn failing_requests_are_seen_by_programs_and_counted() {
    let place = Place::new();
    place.sh("printf text > a; sync a .");
    for (request, script) in [
        (Request::Read, "cat a"),
        (Request::Write, "env printf x >> a"),
        (Request::Sync, "sync a"),
        (Request::Sync, "sync ."),
        (Request::Write, "truncate -s 9 a"),
    ] {
        let (output, counters) = under(&place, fail(&[request], false), script);
        assert!(!output.status.success(), "{script}");
        assert!(
            text(&output).contains("Input/output error"),
            "{script}: {}",
            text(&output)
        );
        assert!(
            counters.felt >= 1 && counters.seen >= counters.felt,
            "{script}: {counters:?}"
        );
        place.sh("cat a; sync a .");
        assert_eq!(
            place.sh("cat a"),
            "text",
            "{script}: it healed, and nothing was changed"
        );
    }
    let later = DiskFault::Fail {
        requests: vec![Request::Write],
        after: 3,
        probability: 1.0,
        drop_unsynced: false,
    };
    let (output, counters) = under(
        &place,
        later,
        "for i in 1 2 3 4; do echo $i; env printf x >> a; done",
    );
    assert_eq!(String::from_utf8_lossy(&output.stdout), "1\n2\n3\n4\n");
    assert!(!output.status.success());
    assert_eq!((counters.seen, counters.felt), (4, 1));
}

fn a_sync_that_fails_can_lose_what_a_later_one_claims() {
    let place = Place::new();
    place.sh("printf old > a; sync a .; printf new | dd of=a conv=notrunc");
    let (output, _) = under(&place, fail(&[Request::Sync], true), "sync a");
    assert!(!output.status.success());
    assert_eq!(place.sh("sync a; cat a"), "new", "the second sync succeeds");
    assert_eq!(place.lose_everything().bytes, 3);
    assert_eq!(place.sh("cat a"), "old");
    // Where the kernel keeps it unsynced, the second sync takes care of it.
    place.sh("printf new | dd of=a conv=notrunc");
    let (output, _) = under(&place, fail(&[Request::Sync], false), "sync a");
    assert!(!output.status.success());
    place.sh("sync a");
    assert!(!place.lose_everything().anything());
    assert_eq!(place.sh("cat a"), "new");
}

fn a_full_disk_refuses_what_grows_and_nothing_else() {
    let place = Place::new();
    place.sh("dd if=/dev/zero of=a bs=4096 count=2; sync a .");
    let full = || DiskFault::Full { quota: 0 };
    for script in [
        "env printf x >> a",
        "touch b",
        "mkdir d",
        "ln -s a l",
        "fallocate -l 100000 a",
    ] {
        let (output, counters) = under(&place, full(), script);
        assert!(!output.status.success(), "{script}");
        assert!(
            text(&output).contains("No space left"),
            "{script}: {}",
            text(&output)
        );
        assert!(
            counters.felt >= 1 && counters.bytes >= 1,
            "{script}: {counters:?}"
        );
    }
    let (output, counters) = under(
        &place,
        full(),
        "printf y | dd of=a conv=notrunc; mv a c; sync c .; df --output=avail . | tail -n 1; mv c a",
    );
    assert!(output.status.success(), "{}", text(&output));
    assert_eq!(
        String::from_utf8_lossy(&output.stdout).trim(),
        "0",
        "and it says so"
    );
    assert_eq!(counters.felt, 0);
    let (output, _) = under(
        &place,
        DiskFault::Full { quota: 10_000 },
        "head -c 20000 /dev/zero >> a",
    );
    assert!(text(&output).contains("No space left"), "{}", text(&output));
    assert_eq!(place.sh("wc -c < a"), "18192\n", "as much as there was room for");
    place.sh("printf x >> a; touch b");
}

fn a_slow_disk_delays_and_does_not_outlive_its_power() {
    let place = Place::new();
    let slow = |requests: &[Request], ms: u64| DiskFault::Slow {
        requests: requests.to_vec(),
        min: Duration::from_millis(ms),
        max: Duration::from_millis(ms),
        bytes_per_second: None,
    };
    let (output, counters) = under(&place, slow(&[Request::Sync], 20), "printf x > a; sync a; sync a");
    assert!(output.status.success());
    assert_eq!((counters.felt, counters.delayed), (2, Duration::from_millis(40)));
    let throughput = DiskFault::Slow {
        requests: vec![Request::Write],
        min: Duration::ZERO,
        max: Duration::ZERO,
        bytes_per_second: Some(10_000_000),
    };
    let (_, counters) = under(&place, throughput, "dd if=/dev/zero of=b bs=100k count=10");
    assert!(counters.delayed > Duration::from_millis(50), "{counters:?}");
    // A process that waits for an hour ends with the power.
    let id = place.disk.install(hanging(&[Request::Sync]));
    let mut child = place.command("sync", &["a"]).spawn().unwrap();
    eventually("it waits for the disk", || {
        place.disk.counters(id).unwrap().felt == 1
    });
    child.kill().unwrap();
    place.disk.cut_power();
    child.wait().unwrap();
    place.disk.heal(id).unwrap();
    assert!(place.lose_everything().anything());
}

fn a_rotten_block_stays_rotten_and_heals() {
    let place = Place::new();
    place.sh("dd if=/dev/zero of=a bs=4096 count=100; sync a .");
    let wrong = "tr -d '\\0' < a | wc -c";
    assert_eq!(place.sh(wrong), "0\n");
    let rot = DiskFault::Rot { probability: 0.2 };
    let id = place.disk.install(rot.clone());
    let count: u32 = place.sh(wrong).trim().parse().unwrap();
    assert!((5..40).contains(&count), "{count} of 100 blocks");
    let sum = place.sh("cksum a");
    assert_eq!(place.sh("cksum a"), sum);
    place.lose_everything();
    assert_eq!(place.sh("cksum a"), sum, "it is the medium that is rotten");
    assert!(place.disk.counters(id).unwrap().felt >= 1);
    assert!(place.disk.heal(id).unwrap().bytes >= u64::from(count) * 4096);
    assert_eq!(place.sh(wrong), "0\n");
    // Another fault is another medium.
    let id = place.disk.install(rot);
    assert_ne!(place.sh("cksum a"), sum);
    place.disk.heal(id).unwrap();
}

fn a_stale_block_holds_what_it_held_before() {
    let place = Place::new();
    place.sh("printf %08192d 0 > a; sync a .");
    let id = place.disk.install(DiskFault::Stale { probability: 1.0 });
    place.sh("printf new | dd of=a conv=notrunc; sync a");
    assert_eq!(
        place.sh("head -c 3 a"),
        "000",
        "acknowledged, synced, and not there"
    );
    assert!(place.disk.counters(id).unwrap().felt >= 1);
    assert_eq!(place.disk.heal(id).unwrap().bytes % 4096, 0);
    assert_eq!(place.sh("head -c 3 a"), "new");
}

fn a_fault_that_was_healed_is_not_healed_again() {
    let place = Place::new();
    let id = place.disk.install(DiskFault::Full { quota: 0 });
    place.disk.heal(id).unwrap();
    let refused = place.disk.heal(id).unwrap_err().to_string();
    assert!(refused.contains("it is not installed (any more)"), "{refused}");
    assert!(place.disk.counters(id).is_err());
}
