import { RPCHandler } from '@orpc/server/message-port'
import { createPinia, type Pinia, setActivePinia } from 'pinia'
import { flushPromises, mount, type VueWrapper } from '@vue/test-utils'
import { type Component, h } from 'vue'
import { NConfigProvider } from 'naive-ui'
import { openLink, type WorkbenchLink } from '../../src/renderer/rpc/link.ts'
import { createPortLaneEnd } from '../../src/shared/rpc/portLane.ts'
import { wireFromPorts } from '../../src/renderer/rpc/portLink.ts'
import { workbenchKey } from '../../src/renderer/rpc/useWorkbench.ts'
import { createFixtureWorkbench, type FixtureOptions, type FixtureWorkbench } from '../support/fixtureWorkbench.ts'

// The page's own layer, which this stand-in of a browser does not know.
Object.assign(HTMLElement.prototype, { showPopover: () => undefined })

export interface Bench {
  readonly fixture: FixtureWorkbench
  readonly link: WorkbenchLink
  readonly pinia: Pinia
  /** Cuts the present connection; the link opens the next one by itself. */
  cut(): void
  show(component: Component, props?: Record<string, unknown>): VueWrapper
  close(): void
}

/** The real link, the real stores and components; only what is behind the ports is a fixture. */
export function openBench(options: Partial<FixtureOptions> = {}): Bench {
  const fixture = createFixtureWorkbench({ cameras: 12, nowMs: () => 1_795_000_000_000, ...options })
  const handler = new RPCHandler(fixture.router)
  const ports: MessagePort[] = []
  const link = openLink({
    backOffMs: [1],
    open: async () => {
      const rpc = new MessageChannel()
      const bytes = new MessageChannel()
      ports.push(rpc.port1, rpc.port2, bytes.port1, bytes.port2)
      handler.upgrade(rpc.port2)
      rpc.port2.start()
      const closers: (() => void)[] = []
      bytes.port2.addEventListener('close', () => { for (const close of closers) close() })
      fixture.serveLane(createPortLaneEnd({
        postMessage: (message) => { bytes.port2.postMessage(message) },
        on: (event: 'message' | 'close', listener: (event: { data: unknown }) => void) => {
          if (event === 'close') { closers.push(() => { listener({ data: undefined }) }); return }
          bytes.port2.addEventListener('message', ({ data }: MessageEvent<unknown>) => { listener({ data }) })
          bytes.port2.start()
        },
      }))
      return await Promise.resolve(wireFromPorts({ rpc: rpc.port1, bytes: bytes.port1 }))
    },
  })
  const pinia = createPinia()
  setActivePinia(pinia)
  const shown: VueWrapper[] = []
  const host = (component: Component, props: Record<string, unknown>): Component => ({ render: () => h(NConfigProvider, { inlineThemeDisabled: true, abstract: true }, () => h(component, props)) })
  return {
    fixture, link, pinia,
    cut: () => { for (const port of ports.splice(0)) port.close() },
    show: (component, props = {}) => {
      const wrapper = mount(host(component, props), { attachTo: document.body, global: { plugins: [pinia], provide: { [workbenchKey as symbol]: link } } })
      shown.push(wrapper)
      return wrapper
    },
    close: () => {
      for (const wrapper of shown) wrapper.unmount()
      link.close()
      for (const port of ports) port.close()
      document.body.innerHTML = ''
    },
  }
}

/** Ports deliver in later turns of the event loop; bounded, so that what never comes fails with a name. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  for (let turn = 0; turn < 400; turn += 1) {
    await flushPromises()
    if (holds()) return
    await new Promise((resolve) => { setTimeout(resolve, 5) })
  }
  throw new Error(`never: ${what}`)
}
