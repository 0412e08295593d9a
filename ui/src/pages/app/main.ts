import { createRouter, createWebHashHistory } from 'vue-router'
import { start } from '../../start'
import App from './App.vue'

// The address of a view, filters included, stands behind the `#`: the page itself was posted and cannot be asked for again.
const router = createRouter({
  history: createWebHashHistory(),
  routes: [
    { path: '/', component: () => import('./Overview.vue'), name: 'overview' },
    { path: '/channels', component: () => import('./Channels.vue'), name: 'channels' },
    { path: '/templates', component: () => import('./Templates.vue'), name: 'templates' },
    { path: '/robots', component: () => import('./Robots.vue'), name: 'robots' },
    { path: '/journal', component: () => import('./Journal.vue'), name: 'journal' },
    { path: '/follow-ups', component: () => import('./FollowUps.vue'), name: 'follow-ups' },
    { path: '/consents', component: () => import('./Consents.vue'), name: 'consents' },
    { path: '/replies', component: () => import('./QuickReplies.vue'), name: 'replies' },
    { path: '/settings', component: () => import('./Settings.vue'), name: 'settings' },
    { path: '/:rest(.*)*', redirect: '/' }
  ]
})

void start(App, router)
