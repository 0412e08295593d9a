// Document fields as Bitrix24's robot form tells them, and the two spellings of expressions.
import { boot, type Option } from './boot'

/** Fields of the document as options, in the portal's own order. */
export function documentFields(): Option[] {
  const fields = boot.dialog?.document_fields ?? {}
  return Object.entries(fields).map(([id, field]) => ({ value: `{=Document:${id}}`, label: String(field.Name ?? field.NAME ?? id) }))
}

export function labels(): Record<string, string> {
  return Object.fromEntries(documentFields().map((field) => [field.value.slice('{=Document:'.length, -1), field.label]))
}

/** Text with field names instead of ids. */
export function labelled(text: string, fields: Option[]): string {
  return fields.reduce((shown, field) => shown.replaceAll(field.value, `«${field.label}»`), text)
}

/** `{{Title}}` that the portal shows on re-opening becomes the id again, where exactly one field has that name. */
export function canonical(text: string, fields: Option[]): string {
  return text.replace(/\{\{([^{}~]+?)\}\}/g, (whole, name: string) => {
    const found = fields.filter((field) => field.label === name.split('>')[0].trim())
    return found.length === 1 ? found[0].value : whole
  })
}
