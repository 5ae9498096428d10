//! The rules, each on one node of three, whose messages are written by hand. What follows from all of them
//! together is for the model checker.

use super::*;

const ME: &str = "n1";

fn config(start: u64) -> Config {
    Config {
        id: NodeId::new(ME),
        acceptors: ["n1", "n2", "n3"].map(NodeId::new).into(),
        start,
        resends_max: 1,
        planted: Planted::NOTHING,
    }
}

fn ballot(round: u64, node: &str) -> Ballot {
    Ballot {
        round,
        node: NodeId::new(node),
        start: 1,
    }
}

fn value(n: u64) -> Value {
    Value::of_number(n)
}

fn proposal(round: u64, node: &str, n: u64) -> Proposal {
    Proposal {
        ballot: ballot(round, node),
        value: value(n),
    }
}

fn after(instance: &mut Instance, input: Input) -> Vec<Output> {
    let mut outputs = Vec::new();
    instance.handle(&config(1), input, &mut outputs);
    outputs
}

fn from(node: &str, message: Message) -> Input {
    Input::Message(NodeId::new(node), message)
}

fn promised(node: &str, round: u64, accepted: Option<Proposal>) -> Input {
    let ballot = ballot(round, ME);
    from(node, Message::Promised { ballot, accepted })
}

fn accepted(node: &str, round: u64) -> Input {
    from(
        node,
        Message::Accepted {
            ballot: ballot(round, ME),
        },
    )
}

fn prepare(round: u64) -> Output {
    Output::Broadcast(Message::Prepare {
        ballot: ballot(round, ME),
    })
}

fn accept(round: u64, n: u64) -> Output {
    Output::Broadcast(Message::Accept {
        proposal: proposal(round, ME, n),
    })
}

fn answers(outputs: &[Output]) -> Vec<(RequestId, Answer)> {
    let answers = outputs.iter().filter_map(|output| match output {
        Output::Reply(id, answer) => Some((*id, answer.clone())),
        _ => None,
    });
    answers.collect()
}

#[test]
fn rule_1a_a_ballot_is_above_what_was_promised_used_and_seen() {
    let mut instance = Instance::default();
    after(
        &mut instance,
        from(
            "n2",
            Message::Prepare {
                ballot: ballot(4, "n2"),
            },
        ),
    );
    let outputs = after(&mut instance, Input::Request(1, Request::Propose(value(7))));
    assert_eq!(outputs[0], prepare(5), "above the promise");
    let no = |node: &str, promised: Ballot| {
        from(
            node,
            Message::Refused {
                ballot: ballot(5, ME),
                promised,
            },
        )
    };
    after(&mut instance, no("n2", ballot(9, "n2")));
    let outputs = after(&mut instance, no("n3", ballot(6, "n3")));
    assert_eq!(
        outputs,
        [Output::Wake(Delay::BackOff { retries: 1 })],
        "overtaken"
    );
    assert_eq!(
        after(&mut instance, Input::Wake)[0],
        prepare(10),
        "above what a refusal told of"
    );
}

#[test]
fn rule_1a_no_ballot_is_used_twice_not_even_after_a_crash() {
    let mut instance = Instance::default();
    let before = after(&mut instance, Input::Request(1, Request::Propose(value(7))));
    // Nothing was durable.
    let (mut instance, mut outputs) = (Instance::default(), Vec::new());
    instance.handle(
        &config(2),
        Input::Request(1, Request::Propose(value(8))),
        &mut outputs,
    );
    assert_ne!(before[0], outputs[0]);
}

#[test]
fn rules_1b_and_2b_the_answer_comes_after_the_state_is_durable() {
    let mut instance = Instance::default();
    let outputs = after(
        &mut instance,
        from(
            "n2",
            Message::Prepare {
                ballot: ballot(4, "n2"),
            },
        ),
    );
    assert!(
        matches!(
            &outputs[..],
            [Output::Persist(_), Output::Send(_, Message::Promised { .. })]
        ),
        "{outputs:?}"
    );
    let question = Message::Accept {
        proposal: proposal(4, "n2", 17),
    };
    let outputs = after(&mut instance, from("n2", question));
    assert!(
        matches!(
            &outputs[..],
            [Output::Persist(_), Output::Send(_, Message::Accepted { .. })]
        ),
        "{outputs:?}"
    );
    let Output::Persist(durable) = outputs[0].clone() else {
        unreachable!("as was just seen")
    };
    assert_eq!(Instance::recovered(durable).acceptor, instance.acceptor);
}

#[test]
fn rule_2a_what_a_majority_has_accepted_is_carried_on_and_else_its_own_value_proposed() {
    let ask = || {
        let mut instance = Instance::default();
        after(&mut instance, Input::Request(1, Request::Propose(value(7))));
        after(&mut instance, promised("n2", 1, None));
        instance
    };
    assert_eq!(after(&mut ask(), promised("n3", 1, None))[0], accept(1, 7));
    assert_eq!(
        after(&mut ask(), promised("n3", 1, Some(proposal(0, "n3", 42))))[0],
        accept(1, 42)
    );
}

#[test]
fn rule_chosen_nobody_is_told_before_a_majority_has_accepted() {
    let mut instance = Instance::default();
    after(&mut instance, Input::Request(1, Request::Propose(value(7))));
    after(&mut instance, promised("n2", 1, None));
    let outputs = after(&mut instance, promised("n3", 1, None));
    assert!(answers(&outputs).is_empty());
    assert!(answers(&after(&mut instance, accepted("n2", 1))).is_empty());
    let outputs = after(&mut instance, accepted("n3", 1));
    assert_eq!(answers(&outputs), [(1, Answer::Decided(value(7)))]);
    for node in ["n2", "n3"] {
        let learn = Message::Learn { value: value(7) };
        assert!(
            outputs.contains(&Output::Send(NodeId::new(node), learn)),
            "everybody hears of it"
        );
    }
    assert!(matches!(
        outputs.last(),
        Some(Output::Remember(Durable { learned: Some(_), .. }))
    ));
}

#[test]
fn rule_learn_who_has_learned_answers_alone_and_tells_whoever_asks() {
    let mut instance = Instance::default();
    after(&mut instance, from("n2", Message::Learn { value: value(17) }));
    let outputs = after(&mut instance, Input::Request(1, Request::Read));
    assert_eq!(outputs, [Output::Reply(1, Answer::Decided(value(17)))]);
    let outputs = after(&mut instance, from("n3", Message::Ask));
    let learn = Message::Learn { value: value(17) };
    assert_eq!(outputs, [Output::Send(NodeId::new("n3"), learn)]);
}

#[test]
fn rule_learn_what_this_node_has_accepted_alone_is_neither_learned_nor_told() {
    let mut instance = Instance::default();
    let proposal = proposal(4, "n2", 17);
    after(&mut instance, from("n2", Message::Accept { proposal }));
    assert_eq!(instance.chosen(), None);
    assert_eq!(after(&mut instance, from("n3", Message::Ask)), []);
    assert!(answers(&after(&mut instance, Input::Request(1, Request::Read))).is_empty());
}

#[test]
fn rule_read_a_majority_that_is_empty_means_undecided() {
    let mut instance = Instance::default();
    assert_eq!(
        after(&mut instance, Input::Request(1, Request::Read))[0],
        prepare(1)
    );
    assert!(answers(&after(&mut instance, promised("n2", 1, None))).is_empty());
    let outputs = after(&mut instance, promised("n3", 1, None));
    assert_eq!(answers(&outputs), [(1, Answer::Undecided)]);
    assert!(instance.is_idle());
}

#[test]
fn rule_read_what_a_read_finds_is_finished_before_it_is_told() {
    let mut instance = Instance::default();
    after(&mut instance, Input::Request(1, Request::Read));
    after(&mut instance, promised("n2", 1, Some(proposal(0, "n2", 42))));
    let outputs = after(&mut instance, promised("n3", 1, None));
    assert_eq!((&outputs[0], answers(&outputs)), (&accept(1, 42), vec![]));
    after(&mut instance, accepted("n2", 1));
    assert_eq!(
        answers(&after(&mut instance, accepted("n3", 1))),
        [(1, Answer::Decided(value(42)))]
    );
}

#[test]
fn rule_read_a_read_that_came_later_gets_an_attempt_of_its_own() {
    let mut instance = Instance::default();
    after(&mut instance, Input::Request(1, Request::Read));
    after(&mut instance, promised("n2", 1, None));
    after(&mut instance, Input::Request(2, Request::Read));
    let outputs = after(&mut instance, promised("n3", 1, None));
    assert_eq!(answers(&outputs), [(1, Answer::Undecided)]);
    assert!(outputs.contains(&prepare(2)), "{outputs:?}");
}

#[test]
fn rule_outcome_only_a_value_that_was_never_sent_has_failed_and_then_it_never_is() {
    let mut instance = Instance::default();
    after(&mut instance, Input::Request(1, Request::Propose(value(7))));
    after(&mut instance, promised("n2", 1, None));
    assert_eq!(
        answers(&after(&mut instance, Input::Expire(1))),
        [(1, Answer::Failed)]
    );
    let outputs = after(&mut instance, promised("n3", 1, None));
    assert!(
        !outputs
            .iter()
            .any(|output| matches!(output, Output::Broadcast(Message::Accept { .. }))),
        "{outputs:?}"
    );
}

#[test]
fn rule_outcome_a_value_that_was_sent_is_unknown_until_it_is_known() {
    let mut instance = Instance::default();
    after(&mut instance, Input::Request(1, Request::Propose(value(7))));
    after(&mut instance, promised("n2", 1, None));
    after(&mut instance, promised("n3", 1, None));
    assert_eq!(
        answers(&after(&mut instance, Input::Expire(1))),
        [(1, Answer::Unknown)]
    );
}

#[test]
fn an_attempt_asks_again_and_then_gives_way_to_one_with_a_higher_ballot() {
    let mut instance = Instance::default();
    after(&mut instance, Input::Request(1, Request::Propose(value(7))));
    assert_eq!(after(&mut instance, Input::Wake)[0], prepare(1), "again");
    assert_eq!(after(&mut instance, Input::Wake)[0], prepare(2), "higher");
}
