import { createCommandPower } from './commandPower.ts'
import { createManualPower } from './manualPower.ts'
import { createPduDaemonPower } from './pduDaemonPower.ts'
import { createRackPodPower } from './rackPodPower.ts'
import { routerOsAt } from './routerOsConnection.ts'
import { createRouterOsPower } from './routerOsPower.ts'
import { createTasmotaPower } from './tasmotaPower.ts'
import { createVectisPower } from './vectisPower.ts'
import { createRackPodClient } from '../http/rackPodClient.ts'
import { hostInUrl } from '../transports/transportUrl.ts'
import type { PowerController } from '../../../shared/devices/power.ts'
import type { PowerSpec } from '../../../shared/devices/powerSpec.schema.ts'
import type { RackPod } from '../../../shared/devices/rackPod.ts'
import type { Transport } from '../../../shared/devices/transport.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import type { Clock } from '../../../shared/lifecycle/clock.ts'

export type SecretOf = (ref: string) => Promise<string | undefined>

export interface OpenPowerDeps {
  readonly clock: Clock
  readonly secretOf: SecretOf
  readonly ask: (question: string, signal: AbortSignal) => Promise<void>
  /** Whose power, for a person: "camera on tcp://10.0.0.7:9000". */
  readonly label: string
  /** For commands; the environment that they inherit. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** The console's own line: a Vectis bridge is switched on it and on no other. */
  readonly transport?: Pick<Transport, 'label' | 'setLines' | 'write'>
  /** Whoever has a client of this pod already passes it in. */
  readonly pod?: Pick<RackPod, 'power' | 'label'>
}

export interface OpenedPower {
  readonly power: PowerController
  /** Gives the connection back; switches nothing. Idempotent. */
  close(): Promise<void>
}

/** Touches no device: addresses and passwords are tried by the first act. Fails when a password is missing. */
export async function openPower(spec: PowerSpec, deps: OpenPowerDeps): Promise<OpenedPower> {
  const { clock } = deps
  switch (spec.kind) {
    case 'rack': return plain(createRackPodPower({ clock, pod: deps.pod ?? createRackPodClient({ baseUrl: `http://${hostInUrl(spec.host)}:${spec.port}`, clock }) }))
    case 'routeros': return openRouterOsPower(spec, deps)
    case 'vectis': {
      if (!deps.transport) {
        throw new WorkbenchError('input/conflict', 'A Vectis bridge is switched on the connection of its console, and there is none', { hint: 'Open the console of the camera on the bridge first' })
      }
      return plain(createVectisPower({ transport: deps.transport, clock, legacyPulse: spec.legacyPulse }))
    }
    case 'pdudaemon': return plain(createPduDaemonPower({ clock, host: spec.host, port: spec.port, pdu: spec.pdu, outlet: spec.outlet }))
    case 'tasmota': return plain(createTasmotaPower({ clock, host: spec.host, port: spec.port, relay: spec.relay, user: spec.user, password: await passwordOf(spec.passwordRef, deps.secretOf) }))
    case 'command': return plain(createCommandPower({ clock, on: spec.on, off: spec.off, read: spec.read, limitMs: spec.limitMs, environment: deps.environment }))
    case 'manual': return plain(createManualPower({ ask: deps.ask, label: deps.label }))
  }
}

const plain = (power: PowerController): OpenedPower => ({ power, close: async () => undefined })

async function openRouterOsPower(spec: Extract<PowerSpec, { kind: 'routeros' }>, { clock, secretOf }: OpenPowerDeps): Promise<OpenedPower> {
  const { host, port, user, tls, certificateSha256, ethernet, comment, onMode } = spec
  const password = await passwordOf(spec.passwordRef, secretOf) ?? ''
  const connection = routerOsAt({ host, port, user, password, tls: tls ? { certificateSha256 } : undefined }, clock)
  const power = createRouterOsPower({ connection, clock, onMode, port: ethernet === undefined ? { comment: comment ?? '' } : { ethernet } })
  return { power, close: async () => connection.close() }
}

export async function passwordOf(ref: string | undefined, secretOf: SecretOf): Promise<string | undefined> {
  if (ref === undefined) return undefined
  const secret = await secretOf(ref)
  // Without this check an empty password would be tried, and some switches lock the account after a few.
  if (secret === undefined) throw new WorkbenchError('input/not-found', `There is no password under the name "${ref}"`, { context: { passwordRef: ref }, hint: 'Enter the password again' })
  return secret
}
