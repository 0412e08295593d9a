// What the service put into the page. Read once; the token lives here and nowhere else.
export interface Sender { id: string; name: string; kind: string; state: string; official: boolean; templates: boolean }
export interface Option { value: string; label: string }
export interface Property {
  id: string; type: string; multiple: boolean; required: boolean; options: Option[] | 'channels' | null; default: unknown
  min: number | null; max: number | null; max_chars: number | null; name: string; description: string
}
export interface RobotForm { code: string; sends: boolean; name: string; description: string; properties: Property[] }
export interface Boot {
  token: string; now: string; page: string; member_id: string; domain: string; lang: 'ru' | 'en'; theme: string; placement: string
  user: { id: string; name: string; admin: boolean }; document: string | null; problem: string | null; asked: string | null
  dialog?: { code?: string; current_values?: Record<string, unknown>; document_fields?: Record<string, Record<string, unknown>>; document_type?: string[] }
  robot?: RobotForm | null; channels: Sender[]
}

export const boot: Boot = JSON.parse(document.getElementById('boot')?.textContent ?? '{}')
