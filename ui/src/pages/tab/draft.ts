// What a person is writing: sent once under one key until it is answered, whatever the connection does meanwhile.
import { call, Refusal } from '../../api/client'
import type { Fact, Message } from '../../api/types'
import type { Template } from '../robot/TemplateFields.vue'

export interface Attached { source: string; kind: string; mime: string; file_name: string; size: number }
export interface Content { kind: 'text' | 'template' | 'file'; text?: string; source?: string[]; caption?: string; template?: string; params?: string[]; header?: string; button_params?: string[] }
export interface Slot { key: string; value: string }

/** Sends once: the same key is the same message, however often this is called. */
export function send(channel: string, phone: string, content: Content, key: string): Promise<Message> {
  return call<Message>('POST', '/messages', { channel_id: channel, to: { phone }, ...content }, { 'Idempotency-Key': key })
}

/** Keeps a message for a moment; the key is the name of a chain, so that a repeat replaces and never doubles. */
export function schedule(channel: string, phone: string, content: Content, key: string, at: Date): Promise<unknown> {
  const { kind: _, ...what } = content
  return call('POST', '/follow-ups', { channel_id: channel, to: { phone }, when: 'at', at: at.toISOString(), stop_on: ['opt_out'], chain: key, ...what })
}

/** Words beside a file, where WhatsApp shows any. */
export const takesCaption = (file: Attached) => ['image', 'video', 'document'].includes(file.kind)

/** Whether nobody can say if a request arrived. */
export const unsure = (error: unknown) => error instanceof Refusal && (error.status === 0 || error.status >= 502)

const GREETING = /(здравствуйте|привет|добрый день|добрый вечер|доброе утро|уважаем\S*|hello|hi|dear|good (?:morning|day|afternoon|evening))[,!]?\s*$/iu
const NAMES = /^(name|first_?name|customer_?name|client_?name|имя)$/iu

/** First values: a name where the text greets or asks for one by name; everything else is the writer's. */
export function prefilled(template: Template, facts: Fact[]): Slot[] {
  const name = facts.find((fact) => fact.id === 'CONTACT.NAME' || fact.id === 'NAME')?.value ?? ''
  return (template.param_keys ?? []).map((key) => {
    const before = template.body.split(`{{${key}}}`)[0] ?? ''
    const greets = NAMES.test(key) || (template.body.includes(`{{${key}}}`) && GREETING.test(before))
    return { key, value: greets ? name : '' }
  })
}

/** Buttons that take a value of their own. */
export function buttonSlots(template: Template): { index: number; title: string }[] {
  const all = (template.buttons ?? []).map((button, index) => ({ button, index }))
  return all.filter(({ button }) => (/url/i.test(button.type) && /\{\{/.test(button.url ?? '')) || /copy/i.test(button.type)).map(({ button, index }) => ({ index, title: button.text }))
}
