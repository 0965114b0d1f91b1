use super::*;

fn points(values: &[f64]) -> Vec<Point> {
    (0..)
        .step_by(60)
        .zip(values)
        .map(|(at, value)| Point { at: 1_000 + at, value: *value, band: None })
        .collect()
}

fn picture(points: Vec<Point>) -> Picture<'static> {
    Picture {
        label: "cpu",
        from: 1_000,
        until: 4_600,
        lines: vec![Line { class: "value", points }],
        ..Picture::default()
    }
}

fn drawn(picture: &Picture<'_>) -> String {
    svg(picture).into_string()
}

/// The places of a path: of each part, x and y.
fn places(svg: &str, class: &str) -> Vec<Vec<(f64, f64)>> {
    let Some((_, rest)) = svg.split_once(&format!("<path class=\"{class}\" d=\"")) else { return Vec::new() };
    let path = rest.split('"').next().unwrap().trim_end_matches('Z');
    let place = |place: &str| {
        let (x, y) = place.trim_end_matches("h0").trim_end_matches('Z').split_once(' ').unwrap();
        (x.parse().unwrap(), y.parse().unwrap())
    };
    path.split('M').skip(1).map(|run| run.split('L').map(place).collect()).collect()
}

#[test]
fn a_line_goes_from_left_to_right_and_higher_is_up() {
    let svg = drawn(&picture(points(&[0.0, 50.0, 100.0])));
    let line = &places(&svg, "line")[0];
    assert_eq!(line.len(), 3);
    assert!(line[0].0 < line[1].0 && line[1].0 < line[2].0, "{line:?}");
    assert!(line[0].1 > line[1].1 && line[1].1 > line[2].1, "{line:?}");
    assert!(svg.contains("aria-label=\"cpu\"") && svg.contains(">50<") && svg.contains(">00:30<"), "{svg}");
    assert!(!svg.contains("style="), "{svg}");
}

#[test]
fn without_points_there_are_axes_alone() {
    let svg = drawn(&picture(Vec::new()));
    assert!(places(&svg, "line").is_empty() && !svg.contains("class=\"band\""), "{svg}");
    assert!(svg.contains(">0.5<") && svg.contains("class=\"axis\"") && !svg.contains("NaN"), "{svg}");
}

#[test]
fn one_point_is_a_dot() {
    let svg = drawn(&picture(points(&[42.0])));
    assert_eq!(places(&svg, "line"), [[(46.0, 69.0)]]);
    assert!(svg.contains("h0\""), "{svg}");
}

#[test]
fn what_is_no_number_is_a_gap() {
    let svg = drawn(&picture(points(&[1.0, 2.0, f64::NAN, f64::INFINITY, 3.0, 4.0])));
    let runs: Vec<usize> = places(&svg, "line").iter().map(Vec::len).collect();
    assert_eq!(runs, [2, 2]);
    assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    let nothing = drawn(&picture(points(&[f64::NAN, f64::NEG_INFINITY])));
    assert!(places(&nothing, "line").is_empty() && !nothing.contains("NaN"), "{nothing}");
}

#[test]
fn silence_is_a_gap() {
    let mut silent = points(&[1.0; 20]);
    silent.drain(6..14);
    let runs: Vec<usize> = places(&drawn(&picture(silent)), "line").iter().map(Vec::len).collect();
    assert_eq!(runs, [6, 6]);
}

#[test]
fn what_lies_outside_stays_out() {
    let mut far = points(&[1.0, 2.0]);
    far.insert(0, Point { at: 10, value: 1e9, band: None });
    far.push(Point { at: 9_999, value: -1e9, band: Some((0.0, 1.0)) });
    let mut picture = picture(far);
    let mark = |at, value: f64, words: &str| Mark { at, value, words: words.to_owned() };
    picture.marks =
        vec![mark(2_000, 2.0, "inside"), mark(20, 1.0, "before"), mark(2_000, f64::NAN, "no value")];
    let svg = drawn(&picture);
    assert_eq!(places(&svg, "line")[0].len(), 2);
    assert!(svg.contains("<title>inside</title>"), "{svg}");
    assert!(!svg.contains("before") && !svg.contains("no value") && !svg.contains("G<"), "{svg}");
}

#[test]
fn a_band_has_both_sides_and_never_leaves_the_picture() {
    let band = |band| move |point: Point| Point { band, ..point };
    let mut some: Vec<Point> = points(&[10.0; 3]).into_iter().map(band(Some((5.0, 15.0)))).collect();
    let svg = drawn(&picture(some.clone()));
    let [corners] = places(&svg, "band").try_into().unwrap();
    assert_eq!(corners.len(), 6);
    // Up to 90 % of an unbounded or huge band is out of the picture: it is cut there, and the values stay legible.
    some[1].band = Some((f64::NEG_INFINITY, 1e12));
    let svg = drawn(&picture(some));
    let corners = places(&svg, "band").remove(0);
    assert!(
        corners.iter().all(|(x, y)| (LEFT..=RIGHT).contains(x) && (TOP..=BOTTOM).contains(y)),
        "{corners:?}"
    );
    let values = &places(&svg, "line")[0];
    assert!(values.iter().all(|(_, y)| *y > TOP + 10.0 && *y < BOTTOM - 10.0), "{values:?}");
}

#[test]
fn a_part_without_a_band_has_none() {
    let mut some = points(&[10.0; 6]);
    some[0].band = Some((5.0, 15.0));
    some[1].band = Some((5.0, 15.0));
    assert_eq!(places(&drawn(&picture(some)), "band")[0].len(), 4);
}

#[test]
fn of_many_points_the_extremes_are_kept() {
    let mut values = vec![10.0; 3_600];
    values[1_801] = 99.0;
    values[1_803] = 1.0;
    let many: Vec<Point> =
        (1_000..).zip(&values).map(|(at, value)| Point { at, value: *value, band: None }).collect();
    let svg = drawn(&picture(many));
    let line = &places(&svg, "line")[0];
    assert!(line.len() <= 2 * 141, "{}", line.len());
    let heights = || line.iter().map(|(_, y)| *y);
    let (top, bottom) = (heights().fold(f64::INFINITY, f64::min), heights().fold(0.0, f64::max));
    assert!(top < TOP + 10.0 && bottom > BOTTOM - 10.0, "{top} {bottom}");
    assert!(svg.len() < 8_000, "{}", svg.len());
}

#[test]
fn the_largest_and_the_smallest_numbers_are_drawn() {
    for values in [[0.0, 0.0], [1e-9, 2e-9], [-5.0, -5.0], [1e100, -1e100], [f64::MAX, f64::MIN]] {
        let svg = drawn(&picture(points(&values)));
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{values:?}: {svg}");
        assert_eq!(places(&svg, "line")[0].len(), 2, "{values:?}");
    }
    // A time of no length, and one that ends before it begins.
    for until in [1_000, 0] {
        assert!(!drawn(&Picture { until, ..picture(points(&[1.0])) }).contains("NaN"));
    }
}

#[test]
fn words_of_others_are_text() {
    let mut picture = picture(points(&[1.0]));
    picture.label = "\"><script>";
    picture.marks = vec![Mark { at: 2_000, value: 1.0, words: "</title><script>".to_owned() }];
    picture.turns = vec![(3_000, "<b>".to_owned())];
    let svg = drawn(&picture);
    assert!(!svg.contains("<script") && !svg.contains("<b>") && svg.contains("&lt;script&gt;"), "{svg}");
}

#[test]
fn amounts_are_short() {
    for (value, shown) in [
        (0.0, "0"),
        (0.025, "0.025"),
        (1.5, "1.5"),
        (9_999.0, "9999"),
        (12_500.0, "12.5k"),
        (120_000.0, "120k"),
        (3.2e7, "32M"),
        (-40.0, "-40"),
        (1e-7, "1e-7"),
        (1e100, "1e100"),
    ] {
        assert_eq!(amount(value), shown);
    }
}
