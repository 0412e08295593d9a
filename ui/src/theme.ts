// Light, dark, or as the viewer's system: never by the system alone, since the portal around the page may be light.
export const THEMES = ['light', 'dark', 'system'] as const

export function wear(theme: string): void {
  const dark = theme === 'system' && matchMedia('(prefers-color-scheme: dark)').matches
  document.documentElement.classList.toggle('dark', dark || theme === 'dark')
}
