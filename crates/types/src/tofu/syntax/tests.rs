use super::*;

#[test]
fn excerpts_of_long_lines_are_cut_around_the_mistake() {
    let line = format!("{}MARK{}", "a".repeat(5000), "b".repeat(5000));
    let text = SourceText::new("a.tf", line.as_bytes()).unwrap();
    let problem = text.problem("Summary", "detail", 5000..5004);
    let width = problem.excerpt.line.chars().count();
    assert_eq!(width, 160);
    let marked: String = problem
        .excerpt
        .line
        .chars()
        .skip(problem.excerpt.caret.start)
        .take(problem.excerpt.caret.len())
        .collect();
    assert_eq!(marked, "MARK");
    assert_eq!(problem.range.start.column, 5001);
}

#[test]
fn excerpts_mark_at_least_one_place() {
    let text = SourceText::new("a.tf", b"ab\ncd").unwrap();
    let end = text.problem("Summary", "detail", 5..5);
    assert_eq!(end.excerpt.caret, 2..3);
    let lines = text.problem("Summary", "detail", 1..4);
    assert_eq!(
        (lines.excerpt.line.as_str(), lines.excerpt.caret),
        ("ab", 1..2)
    );
    let beyond = text.problem("Summary", "detail", 90..99);
    assert_eq!(beyond.range.start.line, 2);
}

#[test]
fn direction_marks_and_controls_are_replaced() {
    let text = SourceText::new("a\u{7}.tf", "a\u{202e}b\u{1b}\tc".as_bytes()).unwrap();
    let problem = text.problem("Summary", "detail", 0..1);
    assert_eq!(problem.excerpt.line, "a\u{fffd}b\u{fffd} c");
    assert_eq!(problem.to_string(), "a\\u{7}.tf:1:1: Summary: detail");
}
