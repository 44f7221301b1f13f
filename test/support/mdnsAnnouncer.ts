import { createRequire } from 'node:module'
import { onTestFinished } from 'vitest'
import { freeUdpPort } from './freePort.ts'

/** That of mDNS, on a port of this test. */
export const ownGroup = async (): Promise<{ readonly address: string; readonly port: number }> => ({ address: '224.0.0.251', port: await freeUdpPort() })

/** Another program's announcements, on loopback and a port of this test. */
export async function announce(where: { readonly port: number }, services: readonly { readonly name: string; readonly port: number; readonly host: string }[]): Promise<void> {
  const { Bonjour } = createRequire(import.meta.url)('bonjour-service') as { Bonjour: new (options: object, problem: () => void) => { publish: (service: object) => void; destroy: (done: () => void) => void } }
  const announcer = new Bonjour({ port: where.port, interface: '127.0.0.1', bind: '0.0.0.0' }, () => undefined)
  onTestFinished(async () => new Promise((done) => { announcer.destroy(() => { done() }) }))
  for (const service of services) announcer.publish({ type: 'http', probe: false, ...service })
}
