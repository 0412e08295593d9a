// Shapes of the API that several pages read.
export interface Fault { code: string; class: string | null; provider_code: string | null; text: string | null; retryable: boolean | null }
export interface Times { queued: string | null; sending: string | null; accepted: string | null; sent: string | null; delivered: string | null; read: string | null; failed: string | null; received: string | null }
export interface Message {
  id: string; direction: 'in' | 'out'; channel_id: string; kind: string; text: string | null; caption: string | null; status: string
  media: { kind: string | null; file_name: string | null } | null; template: { name: string; language: string } | null
  identity: { phone: string | null }; reply: { title: string | null } | null; reaction: { emoji: string } | null; error: Fault | null; advice: string | null; closed_at: string | null; call_id: string | null; times: Times
}
export interface Call {
  id: string; code: string; state: string; document: { type: string | null; id: string }; accepted_at: string; finished_at: string | null
  decision: { verdict?: string; rule?: string; code?: string; text?: string; at?: string } | null
}
export interface Attempt { message_id: string; number: number; started_at: string; outcome: string; http_status: number | null; provider_code: string | null; text: string | null }
export interface Story extends Call {
  messages: Message[]; attempts: Attempt[]; statuses: { message_id: string; status: string; received_at: string; applied: boolean }[]
  answer: { end: string; at: string | null; values: Record<string, unknown> | null; last_error: string | null }
  write_backs: { id: string; kind: string; state: string; last_error: string | null; done_at: string | null }[]
}
export interface Conversation { id: string; channel_id: string; identity: { phone: string | null; display_name: string | null }; window_until: string | null; free_entry_until: string | null; last_inbound_at: string | null; consent: { marketing: string; all: string } | null }
export interface Sender { id: string; name: string; kind: string; state: string; official: boolean; templates: boolean }
export interface Card {
  id: string; title: string; phones: { digits: string; shown: string; owner: string; name: string }[]; channels: Sender[]
  default_channel: string | null; conversations: Conversation[]; facts: Fact[]
}
export interface Fact { id: string; value: string }
export interface FollowUp {
  id: string; state: string; reason: string | null; when: string; text: string; template: string; due_at: string | null; recipient: string; sends: number
  document: { id: string } | null; message_id: string | null; armed_at: string | null; ended_at: string | null
}
