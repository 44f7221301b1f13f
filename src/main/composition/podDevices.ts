import { powerOf, powerResourceOf } from './podPower.ts'
import type { PodDevices } from '../core/rack/rackBook.ts'
import { createRackPodClient } from '../drivers/http/rackPodClient.ts'
import type { OpenedPower, SecretOf } from '../drivers/power/openPower.ts'
import { createRackPodPower } from '../drivers/power/rackPodPower.ts'
import { openTransport, rackBaseUrl } from '../drivers/transports/openTransport.ts'
import { nameOfLine, plainLineName } from '../drivers/transports/lineName.ts'
import type { SerialPortsDeps } from '../drivers/transports/listSerialPorts.ts'
import { parseTransportUrl } from '../drivers/transports/transportUrl.ts'
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
  /** Where this computer's adapters are listed; the system otherwise. */
  readonly serialPorts?: SerialPortsDeps | undefined
}

/**
 * `rack://` is a pod with power and staging; any other address is a console, and `power` says who switches its camera: a person, when absent.
 * `lineName` is what `nameOfLine` says of the address now.
 */
export function devicesOf(url: string, power: PowerSpec | undefined, deps: PodDevicesDeps, lineName?: string): PodDevices {
  const parsed = parseTransportUrl(url)
  const { clock } = deps
  const shared = { simulated: false, flashBytes: 0 }
  if (parsed.kind === 'rack') {
    if (power && power.kind !== 'rack') {
      throw new WorkbenchError('input/conflict', `${url} is a rack pod, which switches its own camera; ${power.kind} cannot switch it too`, { hint: 'Leave the other power control away' })
    }
    const pod = createRackPodClient({ baseUrl: rackBaseUrl(parsed), clock })
    return {
      ...shared, pod, power: createRackPodPower({ pod, clock }), resource: plainLineName(parsed), powerResource: `pod ${rackBaseUrl(parsed)}`,
      openConsole: async (signal) => openTransport(parsed, { clock, signal, pod }),
    }
  }
  let line: Transport | undefined
  let resource = lineName ?? plainLineName(parsed)
  const openPower = (spec: PowerSpec | undefined): OpenedPower => powerOf(spec ?? { kind: 'manual' }, { ...deps, label: `camera on ${url}`, transport: lineOf(url, () => line) })
  let opened = openPower(power)
  let powerSpec = power
  return {
    ...shared, pod: undefined,
    get power() { return opened.power },
    get powerResource() { return powerResourceOf(powerSpec) },
    closePower: async () => opened.close(),
    changePower: async (spec) => {
      const before = opened
      opened = openPower(spec)
      powerSpec = spec
      await before.close()
    },
    // An adapter that was not there when the rack was loaded has its name from the moment that it is.
    get resource() { return resource },
    openConsole: async (signal) => {
      resource = await nameOfLine(parsed, deps.serialPorts)
      line = await openTransport(parsed, { clock, signal })
      return line
    },
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
