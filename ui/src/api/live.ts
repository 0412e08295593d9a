// News of what the page shows, as server-sent events over an ordinary request: the page's token travels in the header and never in an
// address. A connection that ends is made again; meanwhile, and where news cannot come at all, the page asks by itself.
import { Refusal, stream } from './client'

const LONGEST_PAUSE_MS = 30_000
const ALONE_MS = 4_000
const HIDDEN_MS = 30_000
const TOGETHER_MS = 60_000

export type Part = 'messages' | 'calls' | 'follow_ups' | 'windows'
export const PARTS: Part[] = ['messages', 'calls', 'follow_ups', 'windows']

/** Calls `look` with the parts that changed: at once when news come, and from time to time when they do not. Returns how to stop. */
export function follow(path: string, look: (parts: Part[]) => unknown): () => void {
  let ended = false
  let listening = false
  let failures = 0
  let controller: AbortController | null = null
  let timer: ReturnType<typeof setTimeout> | undefined
  let again: ReturnType<typeof setTimeout> | undefined

  const rest = () => {
    clearTimeout(timer)
    if (ended) return
    timer = setTimeout(() => { look(PARTS); rest() }, document.hidden ? HIDDEN_MS : listening ? TOGETHER_MS : ALONE_MS)
  }
  const hear = (name: string, data: string) => {
    failures = 0
    if (name === 'ready') {
      // What happened while nobody listened is read once.
      if (!listening) { listening = true; look(PARTS) }
    } else if (name === 'changed') {
      const told: { parts?: string[] } = JSON.parse(data)
      look(PARTS.filter((part) => told.parts?.includes(part)))
    } else if (name === 'ended') {
      look(PARTS)
    }
    rest()
  }
  const listen = async () => {
    if (ended || document.hidden || controller) return
    const mine = new AbortController()
    controller = mine
    try {
      await read(await stream(path, mine.signal), hear)
    } catch (error) {
      // No rights, or no such document: the page's own questions tell it in words.
      if (error instanceof Refusal && [403, 404].includes(error.status)) { look(PARTS); ended = true }
      failures++
    }
    if (controller === mine) controller = null
    listening = false
    rest()
    if (!ended && !document.hidden) again = setTimeout(() => void listen(), Math.min(LONGEST_PAUSE_MS, 500 * 2 ** Math.min(failures, 6)))
  }
  const seen = () => {
    clearTimeout(again)
    if (document.hidden) {
      controller?.abort()
      controller = null
      listening = false
    } else {
      void listen()
    }
    rest()
  }
  document.addEventListener('visibilitychange', seen)
  void listen()
  rest()
  return () => {
    ended = true
    controller?.abort()
    clearTimeout(timer)
    clearTimeout(again)
    document.removeEventListener('visibilitychange', seen)
  }
}

/** Events of one answer, in order, until it ends. */
async function read(body: ReadableStream<Uint8Array>, hear: (name: string, data: string) => void): Promise<void> {
  const reader = body.getReader()
  const decoder = new TextDecoder()
  let text = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    text += decoder.decode(value, { stream: true })
    const events = text.split('\n\n')
    text = events.pop() ?? ''
    for (const event of events) {
      const field = (name: string) => event.split('\n').find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2)
      const name = field('event')
      if (name) hear(name, field('data') ?? '{}')
    }
  }
}
