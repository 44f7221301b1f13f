import '@fontsource/ibm-plex-sans/400.css'
import '@fontsource/ibm-plex-sans/500.css'
import '@fontsource/ibm-plex-sans/600.css'
import '@fontsource/ibm-plex-mono/400.css'
import '@fontsource/ibm-plex-mono/600.css'
import './ui/tokens.css'
import './ui/base.css'
import { createPinia } from 'pinia'
import { createApp } from 'vue'
import App from './App.vue'
import { openPortLink } from './rpc/portLink.ts'
import { toProblem } from './rpc/problems.ts'
import { takeToken } from './rpc/token.ts'
import { workbenchKey } from './rpc/useWorkbench.ts'
import { openWebLink } from './rpc/webLink.ts'
import { useViewStore } from './stores/view.ts'

const bridge = window.rackbench
const link = bridge ? openPortLink(bridge, window) : openWebLink(window.location, takeToken(window))
const pinia = createPinia()
const app = createApp(App).use(pinia).provide(workbenchKey, link)

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
app.mount('#app')
