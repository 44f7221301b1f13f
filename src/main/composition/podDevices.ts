import type { PodDevices } from '../core/rack/rackBook.ts'
import { createRackPodClient } from '../drivers/http/rackPodClient.ts'
import { createManualPower } from '../drivers/power/manualPower.ts'
import { createRackPodPower } from '../drivers/power/rackPodPower.ts'
import { openTransport, rackBaseUrl } from '../drivers/transports/openTransport.ts'
import { parseTransportUrl } from '../drivers/transports/transportUrl.ts'
import type { Clock } from '../../shared/lifecycle/clock.ts'

export interface PodDevicesDeps {
  readonly clock: Clock
  /** A question to whoever sits there: resolves when done. */
  readonly ask: (question: string, signal: AbortSignal) => Promise<void>
}

/** `rack://` is a pod with power and staging; any other address is a console, and a person has the power. */
export function devicesOf(url: string, { clock, ask }: PodDevicesDeps): PodDevices {
  const parsed = parseTransportUrl(url)
  const shared = { simulated: false, flashBytes: 0 }
  if (parsed.kind !== 'rack') {
    return {
      ...shared, pod: undefined, power: createManualPower({ ask, label: `camera on ${url}` }), resource: parsed.kind === 'tcp' ? `tcp://${parsed.host}:${parsed.port}` : parsed.text,
      openConsole: async (signal) => openTransport(parsed, { clock, signal }),
    }
  }
  const pod = createRackPodClient({ baseUrl: rackBaseUrl(parsed), clock })
  return {
    ...shared, pod, power: createRackPodPower({ pod, clock }), resource: `pod ${parsed.host}:${parsed.apiPort}`,
    openConsole: async (signal) => openTransport(parsed, { clock, signal, pod }),
  }
}
