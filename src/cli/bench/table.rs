//! What a measure came to: subject and reference with min / median / max, the ratio, its target, and whether it is met.

use anyhow::bail;

/// Smallest, median and largest of some runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Spread {
    /// Smallest.
    pub(super) min: f64,
    /// Median.
    pub(super) median: f64,
    /// Largest.
    pub(super) max: f64,
}

impl Spread {
    /// Of these values; zeros when there are none.
    pub(super) fn of(values: &[f64]) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let at = |index: usize| sorted.get(index).copied().unwrap_or_default();
        Self { min: at(0), median: at(sorted.len() / 2), max: at(sorted.len().saturating_sub(1)) }
    }

    /// One value.
    pub(super) fn one(value: f64) -> Self {
        Self { min: value, median: value, max: value }
    }
}

/// What has to hold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Target {
    /// Speeds: the smallest value counts.
    AtLeast(f64),
    /// Costs and times: the largest value counts.
    AtMost(f64),
    /// Printed only.
    None,
}

/// One line of the table.
#[derive(Debug, Clone)]
pub(super) struct Row {
    /// What was measured.
    pub(super) name: String,
    /// Of subject and reference.
    pub(super) unit: &'static str,
    /// The service.
    pub(super) subject: Spread,
    /// What it is compared with; without one the value itself is judged.
    pub(super) reference: Option<Spread>,
    /// What has to hold.
    pub(super) target: Target,
}

impl Row {
    /// The judged number: the subject's worst run, over the median of the reference.
    pub(super) fn judged(&self) -> f64 {
        let worst = if matches!(self.target, Target::AtMost(_)) { self.subject.max } else { self.subject.min };
        match self.reference {
            Some(reference) if reference.median > 0.0 => worst / reference.median,
            Some(_) => 0.0,
            None => worst,
        }
    }

    fn passes(&self) -> bool {
        match self.target {
            Target::AtLeast(least) => self.judged() >= least,
            Target::AtMost(most) => self.judged() <= most,
            Target::None => true,
        }
    }

    fn line(&self) -> String {
        let spread = |spread: &Spread| format!("{} / {} / {}", number(spread.min), number(spread.median), number(spread.max));
        let reference = self.reference.as_ref().map_or_else(|| "-".to_owned(), spread);
        let (target, verdict) = match self.target {
            Target::None => (String::new(), ""),
            Target::AtLeast(least) => (format!("≥ {least}"), verdict(self.passes())),
            Target::AtMost(most) => (format!("≤ {most}"), verdict(self.passes())),
        };
        let ratio = if self.reference.is_some() { number(self.judged()) } else { "-".to_owned() };
        format!("{:<44} {:<9} {:>27} {:>27} {:>8}  {:<8} {verdict}", self.name, self.unit, spread(&self.subject), reference, ratio, target)
            .trim_end()
            .to_owned()
    }
}

fn verdict(passes: bool) -> &'static str {
    if passes { "pass" } else { "FAIL" }
}

const HEAD: &str = "measure";

/// All lines of a run.
#[derive(Debug, Default)]
pub(super) struct Table {
    rows: Vec<Row>,
    broken: Vec<String>,
    skipped: Vec<String>,
}

impl Table {
    /// Adds a line and shows it.
    pub(super) fn add(&mut self, row: Row) {
        println!("  {}", row.line());
        self.rows.push(row);
    }

    /// A measure that could not be taken.
    pub(super) fn broken(&mut self, name: &str, error: &anyhow::Error) {
        let line = format!("{name}: could not be measured: {error:#}");
        println!("  {line}");
        self.broken.push(line);
    }

    /// A measure that was left out, and why.
    pub(super) fn skipped(&mut self, name: &str, why: &str) {
        println!("  skipped: {why}");
        self.skipped.push(format!("{name}: skipped: {why}"));
    }

    /// Prints all of it once more.
    ///
    /// # Errors
    /// Something is under its target or could not be measured.
    pub(super) fn finish(self) -> anyhow::Result<()> {
        println!("\n{HEAD:<44} {:<9} {:>27} {:>27} {:>8}  target", "unit", "subject min/median/max", "reference min/median/max", "ratio");
        for row in &self.rows {
            println!("{}", row.line());
        }
        for line in self.skipped.iter().chain(&self.broken) {
            println!("{line}");
        }
        let under = self.rows.iter().filter(|row| !row.passes()).count();
        if under + self.broken.len() > 0 {
            bail!("{under} under target, {} not measured", self.broken.len());
        }
        Ok(())
    }
}

/// Four digits are enough for a person.
fn number(value: f64) -> String {
    match value.abs() {
        v if v >= 100.0 => format!("{value:.0}"),
        v if v >= 10.0 => format!("{value:.1}"),
        v if v >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.4}"),
    }
}

/// Exact for every count a run can have.
pub(super) fn float(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(subject: &[f64], reference: &[f64], target: Target) -> Row {
        let reference = (!reference.is_empty()).then(|| Spread::of(reference));
        Row { name: "x".to_owned(), unit: "u", subject: Spread::of(subject), reference, target }
    }

    #[test]
    fn the_worst_run_is_judged_against_the_median() {
        let speed = row(&[12.0, 10.0, 11.0], &[100.0, 90.0, 300.0], Target::AtLeast(0.1));
        assert_eq!(speed.judged(), 0.1);
        assert!(speed.passes());
        let cost = row(&[1.0, 3.1, 2.0], &[1.0], Target::AtMost(3.0));
        assert!(!cost.passes() && cost.line().ends_with("FAIL"));
        assert!(row(&[299.0], &[], Target::AtMost(300.0)).passes());
    }

    #[test]
    fn a_reference_of_nothing_never_passes() {
        assert!(!row(&[1.0], &[0.0], Target::AtLeast(0.1)).passes());
    }

    #[test]
    fn a_run_under_its_target_or_not_measured_fails() {
        let mut table = Table::default();
        table.add(row(&[1.0], &[], Target::AtMost(2.0)));
        table.skipped("y", "no server");
        assert!(table.finish().is_ok());
        let mut table = Table::default();
        table.broken("z", &anyhow::anyhow!("why"));
        assert!(table.finish().is_err());
    }
}
