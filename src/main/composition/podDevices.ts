import { powerOf } from './podPower.ts'
import type { PodDevices } from '../core/rack/rackBook.ts'
import { createRackPodClient } from '../drivers/http/rackPodClient.ts'
import type { SecretOf } from '../drivers/power/openPower.ts'
import { createRackPodPower } from '../drivers/power/rackPodPower.ts'
import { openTransport, rackBaseUrl } from '../drivers/transports/openTransport.ts'
import { parseTransportUrl, type TransportUrl } from '../drivers/transports/transportUrl.ts'
import type { PowerSpec } from '../../shared/devices/powerSpec.schema.ts'
import type { Transport } from '../../shared/devices/transport.ts'
import { WorkbenchError } from '../../shared/errors/workbenchError.ts'
import type { Clock } from '../../shared/lifecycle/clock.ts'

export interface PodDevicesDeps {
  readonly clock: Clock
  /** A question to whoever sits there: resolves when done. */
  readonly ask: (question: string, signal: AbortSignal) => Promise<void>
  /** Of the switches' passwords. */
  readonly secretOf: SecretOf
  /** Inherited by commands that switch power. */
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** `rack://` is a pod with power and staging; any other address is a console, and `power` says who switches its camera: a person, when absent. */
export function devicesOf(url: string, power: PowerSpec | undefined, deps: PodDevicesDeps): PodDevices {
  const parsed = parseTransportUrl(url)
  const { clock } = deps
  const shared = { simulated: false, flashBytes: 0 }
  if (parsed.kind === 'rack') {
    if (power && power.kind !== 'rack') {
      throw new WorkbenchError('input/conflict', `${url} is a rack pod, which switches its own camera; ${power.kind} cannot switch it too`, { hint: 'Leave the other power control away' })
    }
    const pod = createRackPodClient({ baseUrl: rackBaseUrl(parsed), clock })
    return {
      ...shared, pod, power: createRackPodPower({ pod, clock }), resource: `pod ${parsed.host}:${parsed.apiPort}`,
      openConsole: async (signal) => openTransport(parsed, { clock, signal, pod }),
    }
  }
  let line: Transport | undefined
  const opened = powerOf(power ?? { kind: 'manual' }, { ...deps, label: `camera on ${url}`, transport: lineOf(url, () => line) })
  return {
    ...shared, pod: undefined, power: opened.power, resource: resourceOf(parsed), closePower: opened.close,
    openConsole: async (signal) => (line = await openTransport(parsed, { clock, signal })),
  }
}

/** A bridge that switches power on the console's own connection does it on the one that is open now. */
function lineOf(url: string, now: () => Transport | undefined): Pick<Transport, 'label' | 'setLines' | 'write'> {
  const open = (): Transport => {
    const line = now()
    if (!line) throw new WorkbenchError('link/closed', `The console of ${url} is not open, and its power is switched on that connection`, { hint: 'Wait until the console is connected' })
    return line
  }
  return {
    label: url,
    write: async (bytes, signal) => open().write(bytes, signal),
    setLines: async (lines, signal) => {
      const { setLines, label } = open()
      if (!setLines) throw new WorkbenchError('input/not-supported', `${label} has no modem lines to pulse`, { hint: 'Reach the bridge as rfc2217://, or choose its older pulse' })
      await setLines(lines, signal)
    },
  }
}

const resourceOf = (parsed: Exclude<TransportUrl, { kind: 'rack' }>): string => ('host' in parsed ? `${parsed.kind === 'tcp' ? 'tcp' : parsed.kind}://${parsed.host}:${parsed.port}` : parsed.text)
