//! What a parsed pattern may contain. Everything not named here is refused: a new construct of the engine stays shut.
//!
//! The walk also rewrites each printed expression `{{x}}` into `{{print x}}`, so that one helper decides how values look
//! and what happens to missing ones, and collects the roots that the facts have to be loaded for.

use super::helpers::{self, PRINT};
use super::{FACT_ROOTS, Fault, PROPERTIES_ROOT};
use handlebars::template::{HelperTemplate, Parameter, Subexpression, TemplateElement};
use handlebars::{Path, PathSeg, Template};
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};

/// A template that passed.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) template: Template,
    pub(super) roots: BTreeSet<&'static str>,
    pub(super) whole_path: Option<Vec<String>>,
}

/// Checks and rewrites a parsed template.
pub(super) fn check(mut template: Template, allowed: &[&'static str], stand_in: char) -> Result<Checked, Fault> {
    let whole_path = sole_path(&template);
    let mut walk = Walk { allowed, stand_in, roots: BTreeSet::new() };
    walk.template(&mut template)?;
    Ok(Checked { template, roots: walk.roots, whole_path })
}

/// The segments of `{{a.b}}` when the template is nothing else.
fn sole_path(template: &Template) -> Option<Vec<String>> {
    let [TemplateElement::Expression(only)] = template.elements.as_slice() else { return None };
    match &only.name {
        Parameter::Path(Path::Relative((segments, _))) if only.params.is_empty() && only.hash.is_empty() => named(segments),
        _ => None,
    }
}

fn named(segments: &[PathSeg]) -> Option<Vec<String>> {
    segments.iter().map(|segment| if let PathSeg::Named(name) = segment { Some(name.clone()) } else { None }).collect()
}

struct Walk<'a> {
    allowed: &'a [&'static str],
    stand_in: char,
    roots: BTreeSet<&'static str>,
}

impl Walk<'_> {
    fn template(&mut self, template: &mut Template) -> Result<(), Fault> {
        let places: Vec<_> = template.mapping.iter().map(|place| (place.0, place.1)).collect();
        for (index, element) in template.elements.iter_mut().enumerate() {
            self.element(element).map_err(|fault| fault.located(places.get(index).copied()))?;
        }
        Ok(())
    }

    fn element(&mut self, element: &mut TemplateElement) -> Result<(), Fault> {
        match element {
            TemplateElement::RawString(text) => {
                *text = text.replace(self.stand_in, "{");
                Ok(())
            }
            TemplateElement::Expression(call) | TemplateElement::HtmlExpression(call) => self.printed(call),
            TemplateElement::HelperBlock(block) => self.block(block),
            _ => Err(Fault::invalid("construct", "")),
        }
    }

    /// `{{path}}`, `{{helper …}}` → `{{print …}}`.
    fn printed(&mut self, call: &mut HelperTemplate) -> Result<(), Fault> {
        let params = std::mem::take(&mut call.params);
        let hash = std::mem::take(&mut call.hash);
        let name = std::mem::replace(&mut call.name, Parameter::Name(PRINT.to_owned()));
        let bare = params.is_empty() && hash.is_empty();
        let printed = match name {
            Parameter::Path(_) | Parameter::Subexpression(_) if bare => name,
            name => Parameter::Subexpression(Subexpression::new(name, params, hash)),
        };
        if let Parameter::Path(path) = &printed
            && self.path(path)? < 2
        {
            return Err(Fault::invalid("whole_object", shown(path)));
        }
        self.parameter(&printed)?;
        call.params = vec![printed];
        Ok(())
    }

    fn block(&mut self, block: &mut HelperTemplate) -> Result<(), Fault> {
        let name = block.name.as_name().unwrap_or_default().to_owned();
        if name != "if" && name != "unless" {
            return Err(Fault::invalid("construct", format!("{{{{#{name}")));
        }
        let [condition] = block.params.as_slice() else { return Err(Fault::invalid("arguments", name)) };
        if !block.hash.is_empty() || block.block_param.is_some() {
            return Err(Fault::invalid("arguments", name));
        }
        self.parameter(condition)?;
        for inner in [&mut block.template, &mut block.inverse].into_iter().flatten() {
            self.template(inner)?;
        }
        Ok(())
    }

    fn parameter(&mut self, parameter: &Parameter) -> Result<(), Fault> {
        match parameter {
            Parameter::Path(path) => self.path(path).map(|_| ()),
            Parameter::Literal(Value::Array(_) | Value::Object(_)) => Err(Fault::invalid("construct", "[ {")),
            Parameter::Literal(_) => Ok(()),
            Parameter::Subexpression(inner) => {
                let TemplateElement::Expression(call) = inner.as_element() else { return Err(Fault::invalid("construct", "(")) };
                self.call(&call.name, &call.params, &call.hash)
            }
            _ => Err(Fault::invalid("construct", "")),
        }
    }

    fn call(&mut self, name: &Parameter, params: &[Parameter], hash: &HashMap<String, Parameter>) -> Result<(), Fault> {
        if let (Parameter::Path(path), true) = (name, params.is_empty() && hash.is_empty()) {
            return Err(Fault::invalid("unknown_helper", shown(path)));
        }
        let name = name.as_name().unwrap_or_default();
        let Some(shape) = helpers::shape(name) else { return Err(Fault::invalid("unknown_helper", name)) };
        if !shape.arguments.contains(&params.len()) || hash.keys().any(|key| !shape.options.contains(&key.as_str())) {
            return Err(Fault::invalid("arguments", name));
        }
        params.iter().chain(hash.values()).try_for_each(|parameter| self.parameter(parameter))
    }

    /// Checks a path and gives its length.
    fn path(&mut self, path: &Path) -> Result<usize, Fault> {
        let segments = match path {
            Path::Relative((segments, _)) => named(segments),
            _ => None,
        };
        let segments = segments.ok_or_else(|| Fault::invalid("unknown_root", shown(path)))?;
        let first = segments.first().map(String::as_str).unwrap_or_default();
        let known = FACT_ROOTS.iter().chain([&PROPERTIES_ROOT]).find(|root| **root == first && self.allowed.contains(*root));
        let root = known.ok_or_else(|| Fault::invalid("unknown_root", shown(path)))?;
        self.roots.insert(root);
        Ok(segments.len())
    }
}

fn shown(path: &Path) -> String {
    match path {
        Path::Relative((_, raw)) | Path::Local((_, _, raw)) => raw.chars().take(60).collect(),
    }
}
