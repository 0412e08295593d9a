// The stage of a browser test: the demo's own town, a browser with an empty profile, and what must never happen on a page.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'
import { chromium } from 'playwright-core'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const BINARY = new URL(`../${process.env.BINARY ?? 'target/debug/courier24'}`, import.meta.url).pathname

/** Starts `courier24 demo`, waits for its story to end, and reads the portal's address off its last lines. */
export async function town() {
  const child = spawn(BINARY, ['demo', '--lang', 'ru'], { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines = []
  const page = await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      lines.push(line)
      const found = /(http:\/\/localhost:\d+)\/_sim\/page\?url=(\S+)/.exec(line)
      if (found) resolve(found)
    })
    child.on('exit', () => reject(new Error(`the demo ended: ${lines.slice(-15).join('\n')}`)))
    setTimeout(() => reject(new Error(`no page address after 120 s: ${lines.slice(-15).join('\n')}`)), 120_000).unref()
  })
  const portal = page[1]
  const service = decodeURIComponent(page[2]).replace(/\/b24\/app.*$/, '')
  const sim = async (path, body) => {
    const answer = await fetch(`${portal}/_sim/${path}`, body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) })
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
    return answer.json()
  }
  return {
    portal, service, sim, lines,
    async end() {
      child.removeAllListeners('exit')
      child.kill('SIGINT')
      await once(child, 'exit')
    }
  }
}

export async function browser() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', headless: true,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']
  })
}

/** A page of the portal with the application in its frame; console errors, CSP violations and foreign requests are collected. */
export async function opened(chrome, stage, query, { width = 1000, height = 900, dark = false, before = async () => {} } = {}) {
  const context = await chrome.newContext({ viewport: { width, height } })
  const page = await context.newPage()
  const wrong = []
  page.on('console', (message) => {
    if (message.type() === 'error' || /Content Security Policy/i.test(message.text())) wrong.push(`console: ${message.text()}`)
  })
  page.on('pageerror', (error) => wrong.push(`script: ${error.message}`))
  page.on('request', (request) => {
    const url = request.url()
    if (!url.startsWith(stage.portal) && !url.startsWith(stage.service) && !/^(data|blob|about):/.test(url)) wrong.push(`foreign request: ${url}`)
  })
  await before(page)
  await page.goto(`${stage.portal}/_sim/page?${new URLSearchParams(query)}`)
  const app = page.frameLocator('iframe')
  if (dark) {
    await app.locator('html').evaluate((root) => root.classList.add('dark'))
  }
  return { page, app, wrong, close: () => context.close() }
}

// The kit's own brand colours miss AA by a little (reference: the kit's buttons); everything else is ours to mend.
const KIT = /air-|color-scheme|bg-\(--|style-|ui-btn/

/** What axe finds inside the application's frame, without the kit's own contrast. */
export async function violations(page) {
  const frame = page.frames().find((one) => one !== page.mainFrame())
  // The policy of the page lets no foreign script in, so that axe is handed over as a function's source.
  await frame.evaluate(axe)
  const result = await frame.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }))
  return result.violations.flatMap((rule) => rule.nodes
    .filter((node) => rule.id !== 'color-contrast' || !KIT.test(node.html))
    // A closed combobox of the kit still names the item that was active in it.
    .filter((node) => rule.id !== 'aria-valid-attr-value' || !/aria-activedescendant="reka-combobox-item/.test(node.failureSummary ?? ''))
    .map((node) => `${rule.id}: ${node.html.slice(0, 160)} ${node.failureSummary?.split('\n')[1] ?? ''}`))
}

/** Whether the frame's document is wider than its window. */
export async function sideways(page) {
  const frame = page.frames().find((one) => one !== page.mainFrame())
  return frame.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
}
