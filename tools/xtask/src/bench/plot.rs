//! Plots as SVG: lines over an axis, relative to their first point.

use std::fmt::Write;

use super::growth::Series;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 280.0;
const LEFT: f64 = 48.0;
const RIGHT: f64 = 96.0;
const TOP: f64 = 28.0;
const BOTTOM: f64 = 36.0;
const COLOURS: [&str; 3] = ["#0072b2", "#d55e00", "#009e73"];

/// Draws series that share an axis.
pub(crate) fn draw(axis: &str, series: &[&Series]) -> String {
    let most = series.iter().flat_map(|one| &one.points).map(|(size, _)| f64::from(*size)).fold(1.0, f64::max);
    let highest = series.iter().flat_map(|one| relative(one)).map(|(_, value)| value).fold(1.25, f64::max) * 1.05;
    let x = |size: f64| LEFT + size / most * (WIDTH - LEFT - RIGHT);
    let y = |value: f64| HEIGHT - BOTTOM - value / highest * (HEIGHT - TOP - BOTTOM);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" \
         font-size=\"12\">\n<rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#fff\"/>\n\
         <text x=\"{LEFT}\" y=\"16\">Instructions, relative to the least number of {axis}</text>\n"
    );
    let step = if highest > 4.0 { 1.0 } else { 0.5 };
    let mut value = 0.0;
    while value <= highest {
        let at = y(value);
        let _ = writeln!(svg, "<path d=\"M{LEFT} {at:.1}H{:.1}\" stroke=\"#ddd\"/>", WIDTH - RIGHT);
        let _ = writeln!(svg, "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{value}</text>", LEFT - 6.0, at + 4.0);
        value += step;
    }
    for size in series.iter().take(1).flat_map(|one| &one.points).map(|(size, _)| *size) {
        let (at, bottom) = (x(f64::from(size)), HEIGHT - BOTTOM + 16.0);
        let _ = writeln!(svg, "<text x=\"{at:.1}\" y=\"{bottom:.1}\" text-anchor=\"middle\">{size}</text>");
    }
    let _ = writeln!(svg, "<text x=\"{:.1}\" y=\"{:.1}\">{axis}</text>", WIDTH - RIGHT + 8.0, HEIGHT - BOTTOM + 16.0);
    for (place, (one, colour)) in series.iter().zip(COLOURS).enumerate() {
        let points: Vec<_> = relative(one).map(|(size, value)| format!("{:.1},{:.1}", x(size), y(value))).collect();
        let points = points.join(" ");
        let _ = writeln!(svg, "<polyline points=\"{points}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>");
        let row = TOP + 14.0 * (place as f64 + 1.0);
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{row:.1}\" fill=\"{colour}\">{}</text>",
            WIDTH - RIGHT + 8.0,
            one.operation
        );
    }
    svg + "</svg>\n"
}

fn relative(series: &Series) -> impl Iterator<Item = (f64, f64)> {
    let first = series.points.first().map_or(1.0, |(_, first)| *first);
    series.points.iter().map(move |(size, value)| (f64::from(*size), value / first))
}
