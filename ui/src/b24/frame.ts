// The only file that speaks with the portal's frame. The SDK waits for ever for a silent parent, hence the limit here.
import type { B24Frame } from '@bitrix24/b24jssdk'

const PATIENCE_MS = 10_000
let opened: Promise<B24Frame> | null = null

export function frame(): Promise<B24Frame> {
  opened ??= (async () => {
    const { initializeB24Frame } = await import('@bitrix24/b24jssdk')
    const silence = new Promise<never>((_, reject) => setTimeout(() => reject(new Error('parent_silent')), PATIENCE_MS))
    return Promise.race([initializeB24Frame(), silence])
  })()
  opened.catch(() => { opened = null })
  return opened
}

/** A fresh access token of the viewer. */
export async function freshToken(): Promise<string> {
  const auth = await (await frame()).auth.refreshAuth()
  return auth ? auth.access_token : ''
}

/** The dialog never answers `setPropertyValue`: nothing is awaited, and success is never assumed. */
export async function setProperties(values: Record<string, string | string[]>): Promise<void> {
  const b24 = await frame()
  void b24.placement.call('setPropertyValue', values as never).catch(() => undefined)
}

export interface Picked { id: string; title: string }

/** An item of CRM that the viewer chooses in the portal's own window; `null` when none was chosen. */
export async function pickItem(type: 'deal' | 'lead' | 'contact' | 'company'): Promise<Picked | null> {
  const picked = await (await frame()).dialog.selectCRM({ entityType: [type], multiple: false } as never)
  const list = (picked as Record<string, { id: string; title?: string }[] | undefined>)[type]
  const first = Array.isArray(list) ? list[0] : undefined
  // `D_5`: the letter names the type.
  const id = /(\d+)$/.exec(String(first?.id ?? ''))?.[1]
  return id ? { id, title: String(first?.title ?? id) } : null
}

/** The card shows what changed. Only tabs may ask for it; nobody answers. */
export function reloadCard(): void {
  void frame().then((b24) => b24.placement.call('reloadData')).catch(() => undefined)
}

export async function installFinish(): Promise<void> {
  await (await frame()).installFinish()
}

export async function openPath(path: string): Promise<void> {
  await (await frame()).slider.openPath((await frame()).slider.getUrl(path), 1640)
}

// A list opened inside the frame needs room: below this no frame shrinks.
const LOWEST_PX = 350

/** Keeps the frame as high as its content; where resizing is denied nobody answers, and nothing is lost. */
export function followHeight(element: HTMLElement): void {
  let told = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  const tell = () => {
    const height = Math.max(LOWEST_PX, Math.ceil(element.getBoundingClientRect().height) + 8)
    if (Math.abs(height - told) < 4) return
    told = height
    void frame().then((b24) => b24.parent.resizeWindow(element.clientWidth || 350, height)).catch(() => undefined)
  }
  new ResizeObserver(() => {
    clearTimeout(timer)
    timer = setTimeout(tell, 120)
  }).observe(element)
}
