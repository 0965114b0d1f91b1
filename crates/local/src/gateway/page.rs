//! `GET /`: what is here, for someone who comes with a browser.

use crate::template::Description;
use std::fmt::Write;

const HEAD: &str = r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Capstan on this machine</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 56rem; margin: 2rem auto; padding: 0 1rem; color: #1a1a1a; background: #fff }
pre, code { font: 14px/1.5 ui-monospace, monospace; background: #f2f2f2; border-radius: 4px }
pre { padding: .75rem 1rem; overflow-x: auto } code { padding: 0 .25rem }
td, th { text-align: left; padding: .15rem 1.5rem .15rem 0; vertical-align: top }
@media (prefers-color-scheme: dark) { body { color: #eee; background: #161616 } pre, code { background: #2a2a2a } a { color: #8ab4f8 } }
</style>
</head>
<body>
<h1>Capstan on this machine</h1>
<p>Capstan carries out operations runbooks: it plans a change, shows it, carries it out step by step, checks it, records it,
and undoes it if it cannot be finished. Here it runs against a simulated cloud: nothing that is done here costs anything.</p>
<h2>Get a token</h2>
<pre>export TOKEN=$(capstan token --role super_admin --tenant 8d3c7a52-5b1e-4f6a-9a2e-0c1d2e3f4a5b)
curl -H "Authorization: Bearer $TOKEN" http://localhost:3000/api/admin/infrastructure/tier</pre>
<p>With your own port and, if you gave one, <code>--data-dir</code>. The roles are viewer, operator, admin and super_admin.
Any UUID is a tenant; one never seen before is in DEV.</p>
<p>From a terminal the same is <code>capstan tier status</code>, <code>plan</code>, <code>change</code>, <code>watch</code>,
<code>history</code>: see <code>capstan tier --help</code>.</p>
"#;

pub(super) fn html(description: &Description) -> String {
    let mut page = HEAD.to_owned();
    page.push_str("<h2>The API</h2>\n<table>\n<tr><th>Method</th><th>Path</th><th>Function</th></tr>\n");
    for route in &description.routes {
        let function =
            description.function(&route.function).map_or("", |function| function.crate_name.as_str());
        let row = format!(
            "<tr><td>{}</td><td><code>{}</code></td><td>{}</td></tr>",
            escaped(&route.method),
            escaped(&route.path),
            escaped(function)
        );
        // Writing to a string can't fail.
        let _ = writeln!(page, "{row}");
    }
    page.push_str("</table>\n<h2>What runs by itself</h2>\n<ul>\n");
    for machine in &description.state_machines {
        let _ = writeln!(page, "<li>workflow <code>{}</code></li>", escaped(&machine.name));
    }
    for schedule in &description.schedules {
        let (name, every) = (escaped(&schedule.function), schedule.every.as_seconds_ceil() / 60);
        let _ = writeln!(page, "<li><code>{name}</code> every {every} min of simulated time</li>");
    }
    page.push_str(
        "</ul>\n<p><a href=\"/healthz\">/healthz</a> answers when the system is up.</p>\n</body>\n</html>\n",
    );
    page
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
