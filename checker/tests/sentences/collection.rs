//! Queue, priority queue and stack.

use crate::script::{analysis, assert_told, assert_valid, history, violation};
use checker::{CheckError, Model, check};
use history::EventType;

#[test]
fn an_element_from_nowhere_is_told() {
    let it = violation(Model::Queue, "0 invoke dequeue\n 0 ok dequeue 31");
    assert_told(
        &it,
        "queue.from-nowhere",
        "Element 31 came out, and nobody had put it in.",
        1,
    );
}

#[test]
fn an_element_that_was_reported_as_not_put_in_is_told() {
    let script = "0 invoke enqueue 31\n 0 fail enqueue 31\n 1 invoke dequeue\n 1 ok dequeue 31";
    let it = violation(Model::Queue, script);
    let sentence = "Element 31 came out, although putting it in was reported as failed.";
    assert_told(&it, "queue.aborted-effect", sentence, 1);
}

#[test]
fn an_element_that_comes_out_before_it_is_put_in_is_told() {
    let script = "0 invoke dequeue\n 0 ok dequeue 31\n 1 invoke enqueue 31\n 1 ok enqueue 31";
    let it = violation(Model::Queue, script);
    let sentence = "Element 31 came out before anybody had put it in.";
    assert_told(&it, "queue.before-added", sentence, 1);
}

#[test]
fn an_element_that_comes_out_twice_is_told() {
    let script = "0 invoke enqueue 31\n 0 ok enqueue 31\n 1 invoke dequeue\n 1 ok dequeue 31
        2 invoke dequeue\n 2 ok dequeue 31";
    let it = violation(Model::Queue, script);
    assert_told(&it, "queue.came-out-twice", "Element 31 came out twice.", 2);
    let it = violation(
        Model::Stack,
        &script.replace("enqueue", "push").replace("dequeue", "pop"),
    );
    assert_told(&it, "stack.came-out-twice", "Element 31 came out twice.", 2);
}

#[test]
fn an_element_that_is_put_in_twice_may_come_out_twice() {
    let script =
        "0 invoke enqueue 31\n 0 ok enqueue 31\n 3 invoke enqueue 31\n 1 invoke dequeue\n 1 ok dequeue 31
        2 invoke dequeue\n 2 ok dequeue 31";
    assert_valid(Model::Queue, script);
    let again = format!("{script}\n 2 invoke dequeue\n 2 ok dequeue 31");
    let it = violation(Model::Queue, &again);
    let sentence = "Element 31 came out 3 times, more often than it was put in.";
    assert_told(&it, "queue.came-out-twice", sentence, 3);
}

#[test]
fn a_queue_that_overtakes_is_told() {
    let script = "0 invoke enqueue 1\n 0 ok enqueue 1\n 0 invoke enqueue 2\n 0 ok enqueue 2
        1 invoke dequeue\n 1 ok dequeue 2\n 1 invoke dequeue\n 1 ok dequeue 1";
    let it = violation(Model::Queue, script);
    let sentence = "Element 1 was enqueued before 2, and came out after it.";
    assert_told(&it, "queue.out-of-order", sentence, 3);
    assert_eq!(
        it.detail.last().unwrap(),
        "What goes into a queue first comes out first."
    );
    let reasons: Vec<&str> = it.reasons.iter().map(|reason| reason.sentence.as_str()).collect();
    assert_eq!(
        reasons,
        [
            "A comes before B: A had its answer 10 ms before B began.",
            "B must come before A: 2 came out first, so it went in first."
        ]
    );
}

#[test]
fn a_lost_element_is_told_when_a_later_one_comes_out() {
    let script = "0 invoke enqueue 31\n 0 ok enqueue 31\n 0 invoke enqueue 32\n 0 ok enqueue 32
        1 invoke dequeue\n 1 ok dequeue 32";
    let it = violation(Model::Queue, script);
    let sentence = "Element 31 was acknowledged and never came out, though 32, enqueued later, did.";
    assert_told(&it, "queue.lost", sentence, 3);
}

#[test]
fn a_lost_element_is_told_when_the_queue_is_drained() {
    let script = "0 invoke enqueue 31\n 0 ok enqueue 31\n 1 invoke dequeue\n 1 ok dequeue";
    let it = violation(Model::Queue, script);
    assert_told(
        &it,
        "queue.lost",
        "Element 31 was acknowledged and never came out.",
        2,
    );
    // A dequeue that nobody knows the answer of may have taken it.
    let crashed = script.replace("1 invoke", "2 invoke dequeue\n 2 info dequeue\n 1 invoke");
    assert_valid(Model::Queue, &crashed);
    // Not two of them.
    let two = format!("3 invoke enqueue 30\n 3 ok enqueue 30\n {crashed}");
    let it = violation(Model::Queue, &two);
    let sentence = "The queue was found empty, and all the time held one of 30 and 31.";
    assert_told(&it, "queue.empty-though-not", sentence, 3);
}

#[test]
fn an_element_that_comes_out_later_was_not_lost() {
    let script = "0 invoke enqueue 31\n 0 ok enqueue 31\n 1 invoke dequeue\n 1 ok dequeue
        1 invoke dequeue\n 1 ok dequeue 31";
    let it = violation(Model::Queue, script);
    let sentence = "The queue was found empty while element 31 was in it.";
    assert_told(&it, "queue.empty-though-not", sentence, 2);
}

#[test]
fn a_queue_that_was_never_empty_is_told_with_what_was_in_it() {
    // 1 is in until the dequeue of it begins, 2 is in by then.
    let script =
        "0 invoke enqueue 1\n 0 ok enqueue 1\n 3 invoke dequeue\n 0 invoke enqueue 2\n 0 ok enqueue 2
        1 invoke dequeue\n 1 ok dequeue 1\n 3 ok dequeue\n 1 invoke dequeue\n 1 ok dequeue 2";
    let it = violation(Model::Queue, script);
    let sentence = "The queue was found empty, and all the time held one of 1 and 2.";
    assert_told(&it, "queue.empty-though-not", sentence, 4);
}

#[test]
fn a_stack_that_gives_the_lower_first_is_told() {
    let script = "0 invoke push 1\n 0 ok push 1\n 0 invoke push 2\n 0 ok push 2
        1 invoke pop\n 1 ok pop 1\n 1 invoke pop\n 1 ok pop 2";
    let it = violation(Model::Stack, script);
    let sentence = "Element 1 came off the stack while 2, pushed later, was on top of it.";
    assert_told(&it, "stack.out-of-order", sentence, 3);
}

#[test]
fn a_priority_queue_that_gives_the_greater_first_is_told() {
    let script = "0 invoke insert 3\n 0 ok insert 3\n 0 invoke insert 7\n 0 ok insert 7
        1 invoke delete-min\n 1 ok delete-min 7\n 1 invoke delete-min\n 1 ok delete-min 3";
    let it = violation(Model::PriorityQueue, script);
    assert_eq!(it.code, "priority-queue.out-of-order");
    assert_eq!(it.sentence, "Element 7 came out while 3 was in the queue.");
    let other_names = script
        .replace("insert", "enqueue")
        .replace("delete-min", "dequeue");
    assert_eq!(
        violation(Model::PriorityQueue, &other_names).sentence,
        it.sentence
    );
}

#[test]
fn what_is_not_an_operation_or_an_element_is_refused_with_its_place() {
    let read = check(&history("0 invoke read\n 0 ok read 3"), Model::Queue).unwrap_err();
    let text = "check against `queue`: it has no operation `read`; its operations are enqueue and dequeue";
    assert_eq!(read.to_string(), text);
    let null = check(
        &history("0 invoke dequeue\n 0 ok dequeue\n 0 invoke push"),
        Model::Stack,
    );
    assert!(matches!(null, Err(CheckError::UnknownFunction { .. })));
    let null = check(&history("0 invoke pop\n 0 ok pop\n 0 invoke push"), Model::Stack).unwrap_err();
    assert_eq!(
        null.to_string(),
        "check event 2: an element that is null: null stands for `empty`"
    );
    let word = check(
        &history("0 invoke insert \"a\"\n 0 ok insert"),
        Model::PriorityQueue,
    )
    .unwrap_err();
    let text = "check event 0: an element of a priority queue is an integer of at most 61 bits, its priority";
    assert_eq!(word.to_string(), text);
}

#[test]
fn thousands_of_crashed_calls_do_not_hurt() {
    let mut script = String::new();
    for number in 0..3000 {
        let (one, other) = (10 * number, 10 * number + 1);
        script += &format!("{one} invoke enqueue {number}\n{other} invoke dequeue\n");
        match number % 3 {
            0 => script += &format!("{one} info enqueue\n{other} info dequeue\n"),
            1 => script += &format!("{one} ok enqueue {number}\n{other} info dequeue\n"),
            _ => script += &format!("{one} ok enqueue {number}\n{other} ok dequeue {number}\n"),
        }
    }
    let names = [
        ("enqueue", "dequeue", Model::Queue),
        ("push", "pop", Model::Stack),
        ("insert", "delete-min", Model::PriorityQueue),
    ];
    for (add, remove, model) in names {
        let script = script.replace("enqueue", add).replace("dequeue", remove);
        assert_valid(model, &script);
        let twice = format!("{script}7 invoke {remove}\n7 ok {remove} 2");
        let it = violation(model, &twice);
        assert_eq!(it.sentence, "Element 2 came out twice.");
    }
}

#[test]
fn the_result_says_what_was_used() {
    let once = "0 invoke enqueue 1\n 0 ok enqueue 1";
    let algorithm = |script: &str| analysis(Model::Queue, script, false).stats.algorithm;
    assert_eq!(algorithm(once), "queue, intervals");
    let again = format!("{once}\n {once}");
    assert_eq!(algorithm(&again), "queue, search by pairs");
}

#[test]
fn a_counterexample_leaves_the_other_elements_out() {
    let mut script = String::new();
    for number in 0..50 {
        script += &format!("0 invoke enqueue {number}\n0 ok enqueue {number}\n");
        if number != 20 {
            script += &format!("1 invoke dequeue\n1 ok dequeue {number}\n");
        }
    }
    let it = violation(Model::Queue, &script);
    let sentence = "Element 20 was acknowledged and never came out, though 21, enqueued later, did.";
    assert_told(&it, "queue.lost", sentence, 3);
    let few =
        checker::counterexample_events(&history(&script), Model::Queue, &checker::Options::default(), &it)
            .unwrap();
    let invokes = few.iter().filter(|event| event.kind == EventType::Invoke);
    assert_eq!(invokes.count(), 3);
}
