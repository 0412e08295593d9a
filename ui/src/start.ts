// What every page does first: texts, the kit, the theme, the height. A failure here is told in plain words.
import './app.css'
import { createApp, type Component } from 'vue'
import { createMemoryHistory, createRouter, type Router } from 'vue-router'
import b24Ui from '@bitrix24/b24ui-nuxt/vue-plugin'
import { loadTexts } from './i18n'
import { wear } from './theme'
import { followHeight } from './b24/frame'

export async function start(root: Component, router?: Router): Promise<void> {
  const place = document.getElementById('app')
  if (!place) return
  wear(document.body.dataset.theme ?? 'light')
  try {
    await loadTexts()
  } catch {
    place.textContent = document.documentElement.lang === 'ru' ? 'Страница не загрузилась. Обновите её.' : 'The page did not load. Reload it.'
    return
  }
  const routes = router ?? createRouter({ routes: [{ path: '/:rest(.*)*', component: { render: () => null } }], history: createMemoryHistory() })
  createApp(root).use(routes).use(b24Ui).mount(place)
  followHeight(place)
}
