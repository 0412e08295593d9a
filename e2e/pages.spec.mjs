// Real pages in a real browser inside the simulated portal: another site than the application, so that third-party rules bite.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { browser, opened, sideways, town, violations } from './support.mjs'

let stage
let chrome
before(async () => { [stage, chrome] = await Promise.all([town(), browser()]) })
after(async () => { await chrome?.close(); await stage?.end() })

const ROBOT = 'BIZPROC_ACTIVITY_PROPERTIES_DIALOG:send_template'
const shot = (name) => (process.env.SHOTS ? { path: `${process.env.SHOTS}/${name}.png`, fullPage: true } : null)
async function picture(page, name) {
  const where = shot(name)
  if (where) await page.screenshot(where)
}
async function clean(open, name) {
  await picture(open.page, name)
  const frame = open.page.frames().find((one) => one !== open.page.mainFrame())
  const text = await frame.evaluate(() => document.body.innerText)
  assert.doesNotMatch(text, /\b(ui|problem|refusal|page)-[a-z]/, `${name}: no raw key`)
  assert.deepEqual(await violations(open.page), [], `${name}: axe`)
  assert.ok(await sideways(open.page) <= 0, `${name}: no sideways scroll`)
  assert.deepEqual(open.wrong, [], `${name}: console, policy, requests`)
}

test('an administrator sets a template robot, and the form receives the values', async () => {
  const open = await opened(chrome, stage, { placement: ROBOT, options: '{}' })
  const { app, page } = open
  await app.locator('[data-template]').first().click()
  await app.getByRole('option', { name: /^order_ready ru/ }).click()
  const first = app.getByRole('combobox', { name: 'Значение {{1}}' })
  await first.click()
  await app.getByRole('option', { name: 'Контакт: Имя' }).click()
  const second = app.getByRole('combobox', { name: 'Значение {{2}}' })
  await second.fill('118')
  await second.press('Tab')
  await page.waitForFunction(() => document.getElementById('values').textContent.includes('2=118'))
  const values = JSON.parse(await page.locator('#values').textContent())
  assert.equal(values.property_template, 'order_ready:ru')
  assert.deepEqual(values.property_params, ['1={=Document:CONTACT.NAME}', '2=118'])
  await app.locator('[data-bubble]').getByText('«Контакт: Имя»').waitFor()
  await app.getByRole('listbox').waitFor({ state: 'detached' })
  // The preview of a real deal that the user picks in the portal's own window.
  const { deals } = JSON.parse(await page.locator('#data').textContent())
  await app.getByRole('button', { name: 'Выбрать', exact: true }).click()
  await page.getByRole('button', { name: `Choose deal ${deals[0]}` }).click()
  await app.locator('[data-bubble]').getByText('«Контакт: Имя»').waitFor({ state: 'detached' })
  await clean(open, 'robot')
  await page.getByRole('button', { name: 'Save robot' }).click()

  // Opened again, the page shows what the robot keeps.
  await page.getByRole('link', { name: 'Robot send_template' }).count()
  const again = await opened(chrome, stage, { placement: ROBOT, options: JSON.stringify({ current_values: { template: 'order_ready:ru', params: ['1={=Document:CONTACT.NAME}', '2=118'] } }) })
  await again.app.locator('[data-bubble]').getByText('118').waitFor()
  await again.close()
  await open.close()
})

test('a robot that was set sends, and the deal tab shows the message read', async () => {
  const { deals } = await firstDeal()
  const fired = await stage.sim('fire', { code: 'send_template', document: `DEAL_${deals[0]}`, properties: { template: 'order_ready:ru', params: ['1={=Document:CONTACT.NAME}', '2=777'] } })
  assert.equal(fired.steps.length, 1)
  const open = await opened(chrome, stage, { placement: 'CRM_DEAL_DETAIL_TAB', options: JSON.stringify({ ID: String(deals[0]) }) })
  const message = open.app.locator('[data-message]', { hasText: '777' })
  await message.waitFor()
  await open.app.locator('[data-message="read"], [data-message="delivered"]').filter({ hasText: '777' }).waitFor({ timeout: 30_000 })
  await clean(open, 'tab')
  await open.app.locator('[data-view="runs"]').click()
  await open.app.locator('[data-run="send_template"] button').first().click()
  await open.app.getByText('Решение').waitFor()
  await clean(open, 'tab-runs')
  await open.close()
})

async function firstDeal() {
  const page = await (await chrome.newContext()).newPage()
  await page.goto(`${stage.portal}/_sim/page?placement=DEFAULT&url=${encodeURIComponent(`${stage.service}/b24/app`)}`)
  const data = JSON.parse(await page.locator('#data').textContent())
  await page.context().close()
  return data
}

test('the application shows channels, templates, robots, journal and settings', async () => {
  for (const lang of ['ru', 'en']) {
    const open = await opened(chrome, stage, { url: `${stage.service}/b24/app`, lang })
    for (const [view, sign] of [['overview', 'dl'], ['channels', '[data-channel]'], ['templates', 'button[aria-expanded]'], ['robots', '[data-robot="registered"]'], ['journal', '[data-run]'], ['follow-ups', '[data-empty]'], ['consents', 'form'], ['replies', 'form'], ['settings', '[data-set="theme"]']]) {
      const link = `nav a[href="#/${view === 'overview' ? '' : view}"]`
      await open.app.locator(link).click()
      await open.app.locator(`${link}[aria-current="page"]`).waitFor()
      await open.app.locator(`main ${sign}`).first().waitFor()
      await clean(open, `app-${view}-${lang}`)
    }
    await open.close()
  }
})

test('filters of the journal stand in the address', async () => {
  const open = await opened(chrome, stage, { url: `${stage.service}/b24/app` })
  await open.app.locator('nav a[href="#/journal"]').click()
  await open.app.getByLabel('Документ').fill('DEAL_999999')
  await open.app.getByRole('button', { name: 'Показать' }).click()
  await open.app.getByText('ничего не подходит').waitFor()
  const frame = open.page.frames().find((one) => one !== open.page.mainFrame())
  assert.match(frame.url(), /#\/journal\?document=DEAL_999999$/)
  assert.deepEqual(open.wrong, [])
  await open.close()
})

test('an employee has no application page, and the tab of a deal all the same', async () => {
  const { deals } = await firstDeal()
  const open = await opened(chrome, stage, { url: `${stage.service}/b24/app`, user: '5' })
  await open.app.getByText('Роботов настраивает администратор портала.').waitFor()
  await open.close()
  const tab = await opened(chrome, stage, { placement: 'CRM_DEAL_DETAIL_TAB', user: '5', options: JSON.stringify({ ID: String(deals[0]) }) })
  await tab.app.locator('[data-message]').first().waitFor()
  await clean(tab, 'tab-employee')
  await tab.close()
})

test('every page fits 320 pixels, light and dark', async () => {
  const { deals } = await firstDeal()
  for (const dark of [false, true]) {
    for (const [name, query, sign] of [
      ['robot', { placement: ROBOT, options: JSON.stringify({ current_values: { template: 'order_ready:ru', params: ['1={=Document:CONTACT.NAME}', '2=118'] } }) }, '[data-bubble]'],
      ['tab', { placement: 'CRM_DEAL_DETAIL_TAB', options: JSON.stringify({ ID: String(deals[0]) }) }, '[data-message]'],
      ['app', { url: `${stage.service}/b24/app` }, 'dl'],
      ['install', { url: `${stage.service}/b24/install` }, '[data-step]']
    ]) {
      const open = await opened(chrome, stage, query, { width: 354, dark: false })
      await open.app.locator(sign).first().waitFor()
      if (dark) await open.app.locator('html').evaluate((root) => root.classList.add('dark'))
      await clean(open, `${name}-320-${dark ? 'dark' : 'light'}`)
      await open.close()
    }
  }
})

test('the installer shows its steps and finishes only when all is well', async () => {
  await stage.sim('uninstall', { clean: false })
  const open = await opened(chrome, stage, { url: `${stage.service}/b24/install` })
  await open.app.locator('[data-step="check"][data-state="done"]').waitFor({ timeout: 60_000 })
  await clean(open, 'install')
  await Promise.all([open.page.waitForURL(/install_finished=Y/), open.app.getByRole('button', { name: 'Завершить установку' }).click()])
  assert.equal((await stage.sim('state')).installed, true)
  await open.close()
})

test('a silent portal is told in words', async () => {
  const open = await opened(chrome, stage, { placement: ROBOT, options: '{}', silent: '1' })
  await open.app.getByText('Портал не отвечает странице.').waitFor({ timeout: 20_000 })
  await open.close()
})

const QUIET_PHONE = '+7 916 000-00-77'
/** A deal whose client never wrote. */
async function silentDeal() {
  await stage.sim('items', { type_id: 3, id: 7701, fields: { name: 'Мария', lastName: 'Тихонова' }, phones: [QUIET_PHONE] })
  await stage.sim('items', { type_id: 2, id: 7701, fields: { title: 'Тихая сделка', opportunity: 4500 }, contacts: [7701] })
  return 'DEAL_7701'
}
const tabOf = (document, more = {}) => ({ placement: 'CRM_DEAL_DETAIL_TAB', options: JSON.stringify({ ID: document.split('_')[1] }), ...more })

/** The service's clock as the page was told it. */
async function serviceNow(page) {
  const frame = page.frames().find((one) => one !== page.mainFrame())
  return frame.evaluate(() => new Date(JSON.parse(document.getElementById('boot').textContent).now).getTime())
}

test('an employee writes by hand, and a broken connection sends nothing twice', async () => {
  const { deals } = await firstDeal()
  const open = await opened(chrome, stage, tabOf(`DEAL_${deals[0]}`, { user: '5' }))
  const { app, page } = open
  await app.locator('[data-window]').getByText('Окно открыто').waitFor()
  // The service gets the first request, the page loses the answer.
  let cut = 0
  await page.route('**/api/v1/portals/*/messages', async (route) => {
    if (route.request().method() !== 'POST' || cut++) return route.continue()
    await route.fetch()
    await route.abort()
  })
  await app.getByRole('textbox', { name: 'Текст сообщения' }).fill('Курьер будет в 18:00 🙂')
  await app.locator('[data-send]').click()
  await app.getByText('Связь прервалась во время отправки').waitFor()
  await app.locator('[data-send]').click()
  await app.getByText('Принято к отправке.').waitFor()
  await app.locator('[data-message="read"], [data-message="delivered"]').filter({ hasText: 'Курьер будет в 18:00' }).waitFor({ timeout: 30_000 })
  assert.equal(await app.locator('[data-message]').filter({ hasText: 'Курьер будет в 18:00' }).count(), 1, 'one message')
  open.wrong.splice(0, open.wrong.length, ...open.wrong.filter((line) => !/ERR_FAILED|Failed to load resource/.test(line)))
  await clean(open, 'tab-written')
  await open.close()
})

test('to a closed window goes a template, prefilled from the deal, now or later', async () => {
  const document = await silentDeal()
  const open = await opened(chrome, stage, tabOf(document, { user: '5' }))
  const { app, page } = open
  await app.locator('[data-window]').getByText('Окно закрыто').waitFor()
  assert.equal(await app.locator('[data-mode="text"]').isDisabled(), true)
  await app.locator('[data-composer] [data-template]').click()
  await app.getByRole('option', { name: /^order_ready ru/ }).click()
  assert.equal(await app.getByRole('textbox', { name: 'Значение {{1}}' }).inputValue(), 'Мария', 'the greeted name is filled in')
  await app.getByRole('listbox').waitFor({ state: 'detached' })
  assert.equal(await app.locator('[data-send]').isDisabled(), true, 'a value is missing')
  await app.getByRole('button', { name: 'Взять из CRM: Значение {{2}}' }).click()
  await app.getByRole('menuitem', { name: 'Название: Тихая сделка' }).click()
  await app.locator('[data-composer] [data-bubble]').getByText('Тихая сделка').waitFor()
  await clean(open, 'tab-template')
  await app.locator('[data-send]').click()
  await app.getByText('Принято к отправке.').waitFor()
  await app.locator('[data-message]').filter({ hasText: 'Тихая сделка' }).waitFor()

  // The same again for tomorrow, and taken back.
  await app.locator('[data-composer] [data-template]').click()
  await app.getByRole('option', { name: /^order_ready ru/ }).click()
  await app.getByRole('listbox').waitFor({ state: 'detached' })
  await app.getByRole('textbox', { name: 'Значение {{2}}' }).fill('завтра')
  await app.getByRole('button', { name: 'Отправить позже' }).click()
  // By the service's clock: the demo's story has put it forward.
  const tomorrow = new Date(await serviceNow(page) + 26 * 3_600_000)
  const local = new Date(tomorrow.getTime() - tomorrow.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
  await app.getByLabel('Когда отправить').fill(local)
  await app.locator('[data-send]').click()
  await app.locator('[data-follow-up]').waitFor()
  await clean(open, 'tab-scheduled')
  await app.getByRole('button', { name: 'Отменить отложенное сообщение' }).click()
  await app.locator('[data-follow-up]').waitFor({ state: 'detached' })
  assert.deepEqual(open.wrong, [])
  await open.close()
})

test('a file goes to the client with its caption, and one that does not fit is refused in words', async () => {
  const { deals } = await firstDeal()
  const open = await opened(chrome, stage, tabOf(`DEAL_${deals[0]}`, { user: '5' }))
  const { app } = open
  await app.locator('[data-window]').getByText('Окно открыто').waitFor()
  await app.locator('[data-chooser]').setInputFiles({ name: 'вход.pdf', mimeType: 'application/pdf', buffer: Buffer.from('<!DOCTYPE html><html></html>') })
  await app.getByRole('alert').waitFor()
  await clean({ ...open, wrong: open.wrong.filter((line) => !/422/.test(line)) }, 'tab-file-refused')
  await app.locator('[data-chooser]').setInputFiles({ name: 'Счёт 118.pdf', mimeType: 'application/pdf', buffer: Buffer.concat([Buffer.from('%PDF-1.7\n'), Buffer.alloc(3000, 7)]) })
  await app.locator('[data-file]').getByText('Документ: Счёт 118.pdf, 2,9 кБ').waitFor()
  await app.getByRole('textbox', { name: 'Текст сообщения' }).fill('Счёт к оплате')
  await clean({ ...open, wrong: open.wrong.filter((line) => !/422/.test(line)) }, 'tab-file')
  await app.locator('[data-send]').click()
  await app.getByText('Принято к отправке.').waitFor()
  await app.locator('[data-message="read"], [data-message="delivered"]').filter({ hasText: 'Счёт 118.pdf' }).filter({ hasText: 'Счёт к оплате' }).waitFor({ timeout: 30_000 })
  assert.equal(await app.locator('[data-file]').count(), 0)
  await open.close()
})

// Nobody can make the demo's network forget an answer from here: the message's state is put into the list on its way.
test('of an unknown outcome the tab says the risk of a repeat, and lets the question be closed', async () => {
  const { deals } = await firstDeal()
  let closed = null
  const before = async (page) => {
    await page.route(/\/messages\?/, async (route) => {
      const told = await (await route.fetch()).json()
      const sent = told.items.find((message) => message.direction === 'out')
      Object.assign(sent, { status: 'unknown', closed_at: closed, advice: 'Никто не знает, ушло ли сообщение.' })
      await route.fulfill({ status: 200, contentType: 'application/json', body: JSON.stringify(told) })
    })
    await page.route('**/close', async (route) => {
      closed = new Date().toISOString()
      await route.fulfill({ status: 200, contentType: 'application/json', body: '{}' })
    })
  }
  const open = await opened(chrome, stage, tabOf(`DEAL_${deals[0]}`, { user: '5' }), { before })
  const outcome = open.app.locator('[data-outcome]')
  await outcome.getByRole('button', { name: 'Отправить ещё раз' }).click()
  await outcome.getByText('клиент получит его дважды').waitFor()
  await clean(open, 'tab-unknown')
  await outcome.getByRole('button', { name: 'Отмена' }).click()
  await outcome.getByRole('button', { name: 'Закрыть вопрос' }).click()
  await outcome.locator('[data-sure]').click()
  await outcome.getByText('Вопрос закрыт').waitFor()
  assert.equal(await outcome.getByRole('button', { name: 'Закрыть вопрос' }).count(), 0)
  assert.deepEqual(open.wrong, [])
  await open.close()
})

test('news come by themselves, also after the connection was lost', async () => {
  const { deals } = await firstDeal()
  const cut = []
  const open = await opened(chrome, stage, tabOf(`DEAL_${deals[0]}`, { user: '5' }), {
    before: async (page) => {
      // The first connection for news breaks; the page makes another one.
      await page.route('**/events?*', (route) => (cut.push(1) === 1 ? route.abort() : route.continue()))
    }
  })
  const { app, page } = open
  await app.locator('[data-message]').first().waitFor()
  await page.waitForResponse((answer) => answer.url().includes('/events?') && answer.status() === 200, { timeout: 15_000 })
  let asked = 0
  page.on('request', (request) => { if (/\/(messages|calls)\?/.test(request.url())) asked++ })
  await new Promise((done) => setTimeout(done, 6_000))
  assert.ok(asked <= 2, `a page that hears news does not ask by itself: ${asked} questions`)
  const fired = await stage.sim('fire', { code: 'send_template', document: `DEAL_${deals[0]}`, properties: { template: 'order_ready:ru', params: ['1=Новость', '2=901'] } })
  assert.equal(fired.steps.length, 1)
  await app.locator('[data-message="read"], [data-message="delivered"]').filter({ hasText: 'Новость' }).waitFor({ timeout: 20_000 })
  open.wrong.splice(0, open.wrong.length, ...open.wrong.filter((line) => !/ERR_FAILED|Failed to load resource/.test(line)))
  assert.deepEqual(open.wrong, [])
  await open.close()
})

test('a viewer chooses the dark theme, and the next page wears it from its first moment', async () => {
  const open = await opened(chrome, stage, { url: `${stage.service}/b24/app` })
  await open.app.locator('nav a[href="#/settings"]').click()
  const chosen = open.page.waitForResponse((answer) => answer.url().endsWith('/theme') && answer.status() === 204)
  await open.app.locator('[data-set="theme"]').click()
  await open.app.getByRole('option', { name: 'тёмная' }).click()
  await chosen
  await open.app.locator('html.dark').waitFor()
  await open.close()
  const { deals } = await firstDeal()
  const next = await opened(chrome, stage, tabOf(`DEAL_${deals[0]}`))
  await next.app.locator('html.dark').waitFor()
  await next.app.locator('[data-message]').first().waitFor()
  await clean(next, 'tab-dark')
  await next.close()
  const other = await opened(chrome, stage, tabOf(`DEAL_${deals[0]}`, { user: '5' }))
  await other.app.locator('[data-message]').first().waitFor()
  assert.equal(await other.app.locator('html.dark').count(), 0, 'the theme is its viewer\'s alone')
  await other.close()
  const back = await opened(chrome, stage, { url: `${stage.service}/b24/app` })
  await back.app.locator('nav a[href="#/settings"]').click()
  await back.app.locator('[data-set="theme"]').click()
  await back.app.getByRole('option', { name: 'светлая' }).click()
  await back.app.locator('html:not(.dark)').waitFor()
  await back.close()
})

// The gateway's part is played here: what a page shows of each step is the page's affair.
test('a phone is linked by its picture or by a code', async () => {
  const picture = 'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=='
  const steps = [{ state: 'waiting', qr: picture }, { state: 'scanned' }, { state: 'connected', phone: '79160000055' }]
  let step = 0
  let asked = null
  const before = async (page) => {
    const answer = (route, body) => route.fulfill({ status: 200, contentType: 'application/json', body: JSON.stringify(body) })
    const json = async (route) => (await route.fetch()).json()
    await page.route('**/channel-kinds', async (route) => {
      const told = await json(route)
      told.items.forEach((kind) => { kind.capabilities.pairing = true })
      await answer(route, told)
    })
    await page.route(/\/channels\?/, async (route) => {
      const told = await json(route)
      told.items.forEach((channel) => { channel.state = step === 2 ? 'connected' : 'disconnected' })
      await answer(route, told)
    })
    await page.route('**/pairing', async (route) => {
      if (route.request().method() === 'POST') asked = route.request().postDataJSON()
      await answer(route, { qr: null, phone: null, reason: null, code: asked.phone ? 'ABCD-1234' : null, ...steps[step] })
    })
  }
  const open = await opened(chrome, stage, { url: `${stage.service}/b24/app` }, { before })
  const { app } = open
  await app.locator('nav a[href="#/channels"]').click()
  await app.locator('[data-pair]').first().click()
  await app.locator('[data-qr]').waitFor()
  await app.getByText(/Код сменится через \d+ секунд/).waitFor()
  assert.deepEqual(asked, {})
  await clean(open, 'app-pairing')
  await app.getByRole('radio', { name: 'Код на телефоне' }).click()
  await app.getByRole('textbox', { name: 'Номер этого телефона' }).fill('+7 916 000-00-55')
  await app.getByRole('button', { name: 'Получить код' }).click()
  await app.locator('[data-code]').getByText('ABCD-1234').waitFor()
  assert.deepEqual(asked, { phone: '+7 916 000-00-55' })
  await clean(open, 'app-pairing-code')
  step = 1
  await app.locator('[data-pairing][data-state="scanned"]').waitFor()
  step = 2
  await app.locator('[data-pairing][data-state="connected"]').waitFor()
  await app.getByText('+79160000055').waitFor()
  await app.getByRole('button', { name: 'Готово' }).click()
  await app.locator('[data-pairing]').waitFor({ state: 'detached' })
  assert.equal(await app.locator('[data-pair]').count(), 0, 'a linked channel asks for no phone')
  assert.deepEqual(open.wrong, [])
  await open.close()
})

test('quick replies, consents and settings are kept', async () => {
  const open = await opened(chrome, stage, { url: `${stage.service}/b24/app` })
  const { app } = open
  const go = (view) => app.locator(`nav a[href="#/${view}"]`).click()
  await go('replies')
  await app.locator('[data-reply-name]').getByRole('textbox').or(app.locator('input[data-reply-name]')).first().fill('В пути')
  await app.getByRole('textbox', { name: 'Текст сообщения' }).fill('Здравствуйте, {{contact.name}}! Мы уже едем.')
  await app.getByRole('button', { name: 'Сохранить' }).click()
  await app.locator('[data-reply]').getByText('В пути').waitFor()
  await clean(open, 'app-replies-kept')
  await go('consents')
  await app.getByRole('textbox', { name: 'Телефон клиента' }).fill('+7 916 000-00-88')
  await app.getByRole('button', { name: 'Сохранить' }).click()
  await app.locator('[data-consent]').getByText('79160000088').waitFor()
  await clean(open, 'app-consents-kept')
  await go('settings')
  const quiet = app.getByPlaceholder('21:00-09:00')
  await quiet.fill('22:00-08:00')
  await app.getByRole('button', { name: 'Сохранить' }).click()
  await app.getByText('Сохранено').waitFor()
  await quiet.fill('')
  await app.getByRole('button', { name: 'Сохранить' }).click()
  await app.getByText('Сохранено').waitFor()
  await open.close()

  // The reply is filled with the names that the employee sees.
  const { deals } = await firstDeal()
  const tab = await opened(chrome, stage, tabOf(`DEAL_${deals[0]}`, { user: '5' }))
  await tab.app.getByRole('button', { name: 'Быстрые ответы' }).click()
  await tab.app.getByRole('menuitem', { name: 'В пути' }).click()
  await tab.page.waitForTimeout(300)
  const text = await tab.app.getByRole('textbox', { name: 'Текст сообщения' }).inputValue()
  assert.match(text, /^Здравствуйте, [А-Я][а-я]+! Мы уже едем\.$/)
  assert.deepEqual(tab.wrong, [])
  await tab.close()
})

test('a token that is over is renewed once, unseen by the viewer', async () => {
  const { deals } = await firstDeal()
  let over = 0
  let renewed = 0
  const before = async (page) => {
    await page.route('**/documents/*', (route) => (over++ ? route.continue() : route.fulfill({ status: 401, contentType: 'application/problem+json', body: '{"code":"unauthorized","title":"x","detail":"y"}' })))
    page.on('request', (request) => { if (request.url().endsWith('/api/v1/session')) renewed++ })
  }
  const open = await opened(chrome, stage, tabOf(`DEAL_${deals[0]}`), { before })
  await open.app.locator('[data-message]').first().waitFor()
  assert.deepEqual([renewed, over >= 2], [1, true])
  await open.close()
})

test('pages answer with their policy, may be framed by the portal alone, and set no cookie', async () => {
  const seen = []
  const open = await opened(chrome, stage, { url: `${stage.service}/b24/app` }, { before: async (page) => { page.on('response', (answer) => { if (answer.url().startsWith(`${stage.service}/b24/`)) seen.push(answer) }) } })
  await open.app.locator('dl').first().waitFor()
  const headers = await seen[0].allHeaders()
  assert.match(headers['content-security-policy'], /default-src 'none'; script-src 'self';/)
  assert.ok(headers['content-security-policy'].includes(`frame-ancestors ${stage.portal}`), headers['content-security-policy'])
  assert.equal(headers['x-frame-options'], undefined)
  assert.equal(headers['cache-control'], 'no-store')
  assert.equal(headers['x-content-type-options'], 'nosniff')
  assert.equal(headers['referrer-policy'], 'no-referrer')
  assert.deepEqual(await open.page.context().cookies(), [])
  const frame = open.page.frames().find((one) => one !== open.page.mainFrame())
  // A frame of another site may not even have a storage.
  const kept = await frame.evaluate(() => { try { return localStorage.length + sessionStorage.length } catch { return 0 } })
  assert.equal(kept, 0)
  await open.close()
})
