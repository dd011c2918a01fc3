// Package report holds what a benchmark has measured, and writes it down: a table in
// Markdown, figures in JSON for other programs, and what each piece says about the
// machine. Nothing of it is ever typed by hand.
//
// A figure is measured several times (Sample), and beside its ceiling:
//
//	ratios := ours.Over(bare)          // run by run
//	row := report.Row{
//		What: "one event to 10,000 sockets", Ours: report.Seconds(ours.Median()),
//		Ceiling: report.Seconds(bare.Median()), Ratio: ratios.Ratio(),
//		Budget: "≤ 1.5", Verdict: report.Judge(ratios.Median() <= 1.5),
//	}
package report
