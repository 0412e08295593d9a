// Calls of our own API with the page's token. A token that is over is renewed once with the viewer's fresh one.
import { boot } from '../boot'
import { freshToken } from '../b24/frame'
import { t } from '../i18n'

export class Refusal extends Error {
  constructor(readonly code: string, readonly title: string, readonly next: string, readonly status: number) {
    super(title)
  }
}

let token = boot.token
let renewing: Promise<void> | null = null

/** A new token, with the document that the page stands in proven again. */
export async function renew(): Promise<void> {
  renewing ??= (async () => {
    const body = { member_id: boot.member_id, auth_id: await freshToken(), placement: boot.placement, document: boot.document ?? boot.asked ?? undefined }
    const answer = await fetch('/api/v1/session', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) })
    if (!answer.ok) throw await refusal(answer)
    token = (await answer.json()).token
    boot.document ??= boot.asked
  })()
  try { await renewing } finally { renewing = null }
}

async function refusal(answer: Response): Promise<Refusal> {
  const told = await answer.json().catch(() => ({}))
  return new Refusal(told.code ?? 'internal', told.title ?? t('ui-error'), told.detail ?? '', answer.status)
}

async function once(method: string, path: string, body?: unknown, more: Record<string, string> = {}): Promise<Response> {
  const headers: Record<string, string> = { Authorization: `Bearer ${token}`, 'Accept-Language': boot.lang, ...more }
  if (body !== undefined) headers['Content-Type'] = 'application/json'
  try {
    return await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) })
  } catch {
    throw new Refusal('offline', t('ui-offline'), t('ui-offline-next'), 0)
  }
}

/** An answer that is well; a token that was over is renewed before. */
async function asked(ask: () => Promise<Response>): Promise<Response> {
  let answer = await ask()
  if (answer.status === 401) {
    try { await renew() } catch (error) {
      throw error instanceof Refusal ? error : new Refusal('parent_silent', t('ui-silent'), t('ui-silent-next'), 401)
    }
    answer = await ask()
  }
  if (!answer.ok) throw await refusal(answer)
  return answer
}

/** A call to an absolute path of the API. */
export async function raw<T>(method: string, path: string, body?: unknown, more?: Record<string, string>): Promise<T> {
  const answer = await asked(() => once(method, path, body, more))
  return answer.status === 204 ? (undefined as T) : answer.json()
}

/** An answer that is read while it is written, below the page's own portal. */
export async function stream(path: string, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
  const address = `/api/v1/portals/${boot.member_id}${path}`
  const answer = await asked(() => fetch(address, { headers: { Authorization: `Bearer ${token}`, 'Accept-Language': boot.lang }, signal }))
  if (!answer.body) throw new Refusal('offline', t('ui-offline'), t('ui-offline-next'), 0)
  return answer.body
}

/** Gives the service a file for a message. */
export async function upload<T>(file: File): Promise<T> {
  const address = `/api/v1/portals/${boot.member_id}/files?${new URLSearchParams({ name: file.name })}`
  const answer = await asked(async () => {
    const headers = { Authorization: `Bearer ${token}`, 'Accept-Language': boot.lang, 'Content-Type': 'application/octet-stream' }
    try {
      return await fetch(address, { method: 'POST', headers, body: file })
    } catch {
      throw new Refusal('offline', t('ui-offline'), t('ui-offline-next'), 0)
    }
  })
  return answer.json()
}

/** A call below the page's own portal. */
export function call<T>(method: string, path: string, body?: unknown, more?: Record<string, string>): Promise<T> {
  return raw<T>(method, `/api/v1/portals/${boot.member_id}${path}`, body, more)
}

export interface List<T> { items: T[]; next: string | null }

/** Every page of a list, up to a bound that no form needs to pass. */
export async function all<T>(path: string, most = 500): Promise<T[]> {
  const items: T[] = []
  let after: string | null = ''
  while (after !== null && items.length < most) {
    const page: List<T> = await call('GET', `${path}${path.includes('?') ? '&' : '?'}limit=100&after=${after}`)
    items.push(...page.items)
    after = page.next
  }
  return items
}
