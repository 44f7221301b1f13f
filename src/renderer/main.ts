import '@fontsource/ibm-plex-sans/400.css'
import '@fontsource/ibm-plex-sans/500.css'
import '@fontsource/ibm-plex-sans/600.css'
import '@fontsource/ibm-plex-mono/400.css'
import '@fontsource/ibm-plex-mono/600.css'
import './ui/tokens.css'
import './ui/base.css'
import { createPinia } from 'pinia'
import { type Component, createApp, h, shallowRef } from 'vue'
import { openPortLink } from './rpc/portLink.ts'
import { toProblem } from './rpc/problems.ts'
import { takeToken } from './rpc/token.ts'
import { workbenchKey } from './rpc/useWorkbench.ts'
import { openWebLink } from './rpc/webLink.ts'
import { useRackStore } from './stores/rack.ts'
import { useViewStore } from './stores/view.ts'

// Fetched and read while the workbench answers what is asked below.
const whole = import('./App.vue')
const bridge = window.rackbench
const link = bridge ? openPortLink(bridge, window) : openWebLink(window.location, takeToken(window))
const pinia = createPinia()
const shown = shallowRef<Component>()
const app = createApp({ render: () => (shown.value ? h(shown.value) : null) }).use(pinia).provide(workbenchKey, link)

/** What a handler rejected with and nobody nearer showed. */
function show(error: unknown): void {
  const problem = toProblem(error)
  if (!problem) return
  useViewStore(pinia).notice = problem
  if (problem.code === 'internal/bug') globalThis.reportError(error)
}
app.config.errorHandler = show
window.addEventListener('unhandledrejection', (event) => { show(event.reason) })
window.addEventListener('pagehide', () => { link.close() })
// The first thing that anybody looks at is asked for before there is anything to show it.
useRackStore(pinia)
app.mount('#app')
whole.then(({ default: App }) => { shown.value = App }, () => {
  const place = document.querySelector('#app')
  if (place) place.textContent = 'The window could not be fetched from the workbench. Reload this page; when that does not help, start the workbench again.'
})
