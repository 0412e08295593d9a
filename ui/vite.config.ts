import { defineConfig } from 'vite'
import vue from '@vitejs/plugin-vue'
import bitrix24UI from '@bitrix24/b24ui-nuxt/vite'

// One entry per page, shared chunks, hashed names: the service reads manifest.json and embeds everything.
export default defineConfig({
  base: '/ui/',
  plugins: [vue(), bitrix24UI({ colorMode: false, experimental: { componentDetection: true } })],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    manifest: 'manifest.json',
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1200,
    rollupOptions: {
      input: ['robot', 'tab', 'install', 'app'].map((page) => `src/pages/${page}/main.ts`)
    }
  }
})
