// The same Fluent files as the service's, fetched once under a name that changes with them.
import { FluentBundle, FluentResource, type FluentVariable } from '@fluent/bundle'
import { en, ru } from '@bitrix24/b24ui-nuxt/locale'
import { boot } from './boot'

const bundle = new FluentBundle(boot.lang, { useIsolating: false })

export async function loadTexts(): Promise<void> {
  const answer = await fetch(document.body.dataset.texts ?? '')
  if (!answer.ok) throw new Error(`texts: ${answer.status}`)
  bundle.addResource(new FluentResource(await answer.text()))
}

/** The text of a key; an unknown key shows as itself, so that a test sees it. */
export function t(key: string, args?: Record<string, FluentVariable>): string {
  const pattern = bundle.getMessage(key)?.value
  return pattern ? bundle.formatPattern(pattern, args, []) : key
}

export function has(key: string): boolean {
  return Boolean(bundle.getMessage(key)?.value)
}

const moment = new Intl.DateTimeFormat(boot.lang, { dateStyle: 'medium', timeStyle: 'short' })
const clock = new Intl.DateTimeFormat(boot.lang, { timeStyle: 'short' })
const day = new Intl.DateTimeFormat(boot.lang, { dateStyle: 'long' })

export const when = (iso: string | null | undefined) => (iso ? moment.format(new Date(iso)) : '—')
export const hour = (iso: string | null | undefined) => (iso ? clock.format(new Date(iso)) : '')
export const dayOf = (iso: string) => day.format(new Date(iso))
export const number = (value: number) => new Intl.NumberFormat(boot.lang).format(value)

/** A file's length for people: bytes up to a kilobyte, then one figure behind the comma at most. */
export function bytes(count: number): string {
  const [unit, size] = count < 1024 ? ['byte', count] as const : count < 1024 * 1024 ? ['kilobyte', count / 1024] as const : ['megabyte', count / 1024 / 1024] as const
  return new Intl.NumberFormat(boot.lang, { style: 'unit', unit, unitDisplay: 'short', maximumFractionDigits: 1 }).format(size)
}

/** The kit's own few words. */
export const kitLocale = boot.lang === 'ru' ? ru : en
