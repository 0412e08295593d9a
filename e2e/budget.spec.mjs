// What a page makes its viewer load, before the portal's SDK, compressed as the service sends it.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'

const dist = new URL('../ui/dist/', import.meta.url)
const manifest = JSON.parse(readFileSync(new URL('manifest.json', dist)))
const LIMITS = { robot: 330, tab: 330, install: 330, app: 500 }

function files(name, seen = new Set()) {
  const chunk = manifest[name]
  if (!chunk || seen.has(name)) return []
  seen.add(name)
  return [chunk.file, ...(chunk.css ?? []), ...(chunk.imports ?? []).flatMap((one) => files(one, seen))]
}

for (const [page, limit] of Object.entries(LIMITS)) {
  test(`${page} loads at most ${limit} KB`, () => {
    const first = [`src/pages/${page}/main.ts`, ...(page === 'app' ? ['src/pages/app/Overview.vue'] : [])]
    const loaded = new Set(first.flatMap((name) => files(name)))
    assert.ok(loaded.size >= 2, `${page} is in the manifest`)
    const bytes = [...loaded].reduce((sum, file) => sum + gzipSync(readFileSync(new URL(file, dist))).length, 0)
    console.log(`${page}: ${Math.round(bytes / 1024)} KB`)
    assert.ok(bytes <= limit * 1024, `${page}: ${Math.round(bytes / 1024)} KB`)
  })
}
