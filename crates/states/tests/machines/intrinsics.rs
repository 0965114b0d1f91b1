//! Intrinsic functions, mostly with the examples of the service's documentation.

use serde_json::{Value, json};

use crate::driver::{Case, one};

fn evaluate(expression: &str, input: Value) -> Case {
    one("intrinsic", json!({"Type": "Pass", "Parameters": {"x.$": expression}, "OutputPath": "$.x"}))
        .input(input)
}

#[test]
fn results_about_arrays() {
    let numbers = json!({"a": [1, 2, 3, 4, 5, 6, 7, 8, 9], "n": 5});
    for (expression, input, result) in [
        ("States.Array()", json!({}), json!([])),
        (
            "States.Array('Foo', 2020, $.j, null)",
            json!({"j": {"r": 1}}),
            json!(["Foo", 2020, {"r": 1}, null]),
        ),
        ("States.ArrayPartition($.a, 4)", numbers.clone(), json!([[1, 2, 3, 4], [5, 6, 7, 8], [9]])),
        ("States.ArrayContains($.a, $.n)", numbers.clone(), json!(true)),
        ("States.ArrayContains($.a, '5')", numbers.clone(), json!(false)),
        ("States.ArrayRange(1, 9, 2)", json!({}), json!([1, 3, 5, 7, 9])),
        ("States.ArrayRange(3, 0, -2)", json!({}), json!([3, 1])),
        ("States.ArrayLength(States.ArrayRange(1, 1000, 1))", json!({}), json!(1000)),
        ("States.ArrayGetItem($.a, $.n)", numbers.clone(), json!(6)),
        ("States.ArrayLength($.a)", numbers, json!(9)),
        ("States.ArrayUnique($.a)", json!({"a": [1, 2, 3, 3, "3", 3, 1]}), json!([1, 2, 3, "3"])),
        // One number, however it is written, as everywhere else.
        (
            "States.ArrayUnique($.a)",
            json!({"a": [1, 1.0, 1.5, {"x": 2.0}, {"x": 2}]}),
            json!([1, 1.5, {"x": 2.0}]),
        ),
    ] {
        println!("{expression}");
        evaluate(expression, input).succeeds(result);
    }
}

#[test]
fn results_about_text_and_numbers() {
    for (expression, input, result) in [
        ("States.Base64Encode('Data to encode')", json!({}), json!("RGF0YSB0byBlbmNvZGU=")),
        ("States.Base64Decode('RGF0YSB0byBlbmNvZGU=')", json!({}), json!("Data to encode")),
        ("States.Hash('input data', 'MD5')", json!({}), json!("812f45842bc6d66ee14572ce20db8e86")),
        ("States.Hash('input data', 'SHA-1')", json!({}), json!("aaff4a450a104cd177d28d18d74485e8cae074b7")),
        (
            "States.Hash('abc', 'SHA-256')",
            json!({}),
            json!("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ),
        (
            "States.JsonMerge($.a, $.b, false)",
            json!({"a": {"a": {"a1": 1, "a2": 2}, "b": 2}, "b": {"a": {"a3": 1}, "c": 3}}),
            json!({"a": {"a3": 1}, "b": 2, "c": 3}),
        ),
        ("States.StringToJson($.s)", json!({"s": "{\"number\": 20}"}), json!({"number": 20})),
        (
            "States.JsonToString($.j)",
            json!({"j": {"name": "Foo", "year": 2020}}),
            json!(r#"{"name":"Foo","year":2020}"#),
        ),
        ("States.MathAdd($.v, -1)", json!({"v": 111}), json!(110)),
        ("States.MathAdd(1.4, 1.5)", json!({}), json!(3)),
        ("States.StringSplit(',1,,2,', ',')", json!({}), json!(["1", "2"])),
        ("States.StringSplit('1,2,3', ',')", json!({}), json!(["1", "2", "3"])),
        (
            "States.StringSplit('This.is+a,test=string', '.+,=')",
            json!({}),
            json!(["This", "is", "a", "test", "string"]),
        ),
        ("States.Format('Hello, {} {}', $.n, 2020)", json!({"n": "Foo"}), json!("Hello, Foo 2020")),
        ("States.Format($.t, true)", json!({"t": "is {}"}), json!("is true")),
        ("States.Format('{}{}', null, 1.5)", json!({}), json!("null1.5")),
        ("States.Format('\\{{}\\} it\\'s \\\\')", json!({}), Value::Null),
        ("States.Format('\\{{}\\} it\\'s \\\\', 1)", json!({}), json!("{1} it's \\")),
        (
            "States.Format('{}', States.ArrayGetItem(States.StringSplit($.arn, '/'), States.MathAdd(0, 1)))",
            json!({"arn": "a/b/c"}),
            json!("b"),
        ),
        (
            "States.Array( $.a[?(@.n > 1)].n , 'a,(b)' )",
            json!({"a": [{"n": 1}, {"n": 2}]}),
            json!([[2], "a,(b)"]),
        ),
        ("States.MathRandom(5, 6)", json!({}), json!(5)),
    ] {
        println!("{expression}");
        if result == Value::Null {
            evaluate(expression, input).fails("States.IntrinsicFailure");
        } else {
            evaluate(expression, input).succeeds(result);
        }
    }
}

#[test]
fn long_hashes() {
    for (algorithm, digits, start) in
        [("SHA-384", 96, "cb00753f45a35e8b"), ("SHA-512", 128, "ddaf35a193617aba")]
    {
        let ended = evaluate(&format!("States.Hash('abc', '{algorithm}')"), json!({})).run();
        let hash = ended.at_pointer("").as_str().unwrap();
        assert_eq!((hash.len(), &hash[..16]), (digits, start));
    }
}

#[test]
fn failures() {
    for (expression, input) in [
        ("States.ArrayPartition($.a, 0)", json!({"a": [1]})),
        ("States.ArrayGetItem($.a, 1)", json!({"a": [1]})),
        ("States.ArrayGetItem($.a, -1)", json!({"a": [1]})),
        ("States.ArrayLength('x')", json!({})),
        ("States.ArrayRange(1, 9, 0)", json!({})),
        ("States.ArrayRange(1, 1001, 1)", json!({})),
        ("States.Base64Decode('%')", json!({})),
        ("States.Base64Encode($.n)", json!({"n": 1})),
        ("States.Hash('x', 'CRC')", json!({})),
        ("States.JsonMerge($, $, true)", json!({})),
        ("States.JsonMerge($.a, $, false)", json!({"a": 1})),
        ("States.StringToJson('nope')", json!({})),
        ("States.MathAdd('1', 1)", json!({})),
        ("States.MathRandom(5, 5)", json!({})),
        ("States.StringSplit(1, ',')", json!({})),
        ("States.Format('{} {}', 1)", json!({})),
        ("States.Format('{}', 1, 2)", json!({})),
        ("States.Format('{}', $.a)", json!({"a": []})),
        ("States.Format('{', 1)", json!({})),
        ("States.Format($.missing)", json!({})),
    ] {
        println!("{expression}");
        evaluate(expression, input).fails("States.IntrinsicFailure");
    }
}

#[test]
fn random_things_come_from_the_seed() {
    let roll = || evaluate("States.MathRandom(1, 1000)", json!({})).run().at_pointer("").clone();
    assert_eq!(roll(), roll());
    assert!((1..1000).contains(&roll().as_i64().unwrap()));
    let seeded = || evaluate("States.MathRandom(1, 1000, 7)", json!({})).run().at_pointer("").clone();
    assert_eq!(seeded(), seeded());
    let uuid = evaluate("States.UUID()", json!({})).run().at_pointer("").clone();
    assert_eq!(uuid.as_str().unwrap().len(), 36);
}
