import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe } from 'vitest'
import { createCommandPower } from '../../src/main/drivers/power/commandPower.ts'
import { createPduDaemonPower } from '../../src/main/drivers/power/pduDaemonPower.ts'
import { createRackPodPower } from '../../src/main/drivers/power/rackPodPower.ts'
import { createRouterOsConnection, routerOsAt } from '../../src/main/drivers/power/routerOsConnection.ts'
import { createRouterOsPower } from '../../src/main/drivers/power/routerOsPower.ts'
import { createTasmotaPower } from '../../src/main/drivers/power/tasmotaPower.ts'
import { createVectisPower } from '../../src/main/drivers/power/vectisPower.ts'
import { createSimRack } from '../../src/main/sim/simRack.ts'
import { WorkbenchError } from '../../src/shared/errors/workbenchError.ts'
import type { Clock } from '../../src/shared/lifecycle/clock.ts'
import { createCommandStandIn, type RelayStandIn, servePduDaemon, serveTasmota } from '../support/powerStandIns.ts'
import { createRealClock } from '../support/realClock.ts'
import { createRouterOsStandIn, type RouterOsStandIn } from '../support/routerOsStandIn.ts'
import { createThrowAwayCertificate } from '../support/throwAwayCertificate.ts'
import { createVectisStandIn } from '../support/vectisStandIn.ts'
import { createVirtualClock, type VirtualClock } from '../support/virtualClock.ts'
import { describeCycleOnlyPower, describeOnOffPower, type OpenedSwitch } from './power.contract.ts'

const realClock = createRealClock()
/** Pauses in a tenth of their time; limits, which are longer, stay as they are. */
const hastyClock: Clock = { ...realClock, sleep: async (durationMs, signal) => realClock.sleep(durationMs < 3_000 ? durationMs / 10 : durationMs, signal) }

const inRealTime = {
  run: async <T>(work: Promise<T>): Promise<T> => work,
  until: async (isSo: () => boolean): Promise<void> => {
    for (let turn = 0; !isSo(); turn += 1) {
      if (turn === 2_000) throw new Error('it never came to that')
      await realClock.sleep(5, new AbortController().signal)
    }
  },
}
const inVirtualTime = (clock: VirtualClock): Pick<OpenedSwitch, 'run' | 'until'> => ({
  run: async (work) => clock.run(work),
  until: async (isSo) => {
    for (let turn = 0; !isSo(); turn += 1) {
      if (turn === 2_000) throw new Error('it never came to that')
      await clock.advance(20)
    }
  },
})

describeOnOffPower('rack pod, simulated', async () => {
  const clock = createVirtualClock()
  const rack = createSimRack({ clock, pods: 1, speed: 'real', flashMb: 16 })
  const { pod, camera } = rack.pods[0]!
  let cuts = 0
  let refused: string | undefined
  const watched = { label: pod.label, power: async (action: 'on' | 'off' | 'cycle', signal: AbortSignal) => {
    if (action === refused) throw new WorkbenchError('pod/refused', 'the pod is busy')
    if (action === 'off') cuts += 1
    await pod.power(action, signal)
  } }
  await clock.run(pod.power('on', new AbortController().signal))
  return {
    power: createRackPodPower({ pod: watched, clock }), hasPower: () => camera.power === 'on', cuts: () => cuts, refuse: (state) => { refused = state }, offMs: 3_000, ...inVirtualTime(clock), dispose: async () => rack.close(),
  }
})

const routerOsTruth = (standIn: RouterOsStandIn, port: string): Pick<OpenedSwitch, 'hasPower' | 'cuts' | 'refuse'> => ({
  hasPower: () => standIn.isPowered(port),
  cuts: () => standIn.switchings.filter((each) => each.startsWith('off')).length,
  refuse: (state) => {
    standIn.behaviour.trap = (words) => (words[0]?.endsWith('/set') && words.includes('=poe-out=off') === (state === 'off') ? 'failure: controller busy' : words[0]?.endsWith('/power-cycle') ? 'failure: controller busy' : undefined)
  },
})

describe.each([['monitor', 'auto-on'], ['row', 'forced-on'], ['none', 'auto-on']] as const)('status by %s, port %s', (status, mode) => {
  describeOnOffPower(`RouterOS, in memory (${status}, ${mode})`, async () => {
    const clock = createVirtualClock()
    const standIn = createRouterOsStandIn(clock, [{ name: 'ether3', comment: 'camera', poe: mode, hasLoad: true }])
    standIn.behaviour.status = status
    standIn.behaviour.lagMs = 600
    const connection = createRouterOsConnection({ label: 'RouterOS in memory', user: 'admin', password: 'secret', openLine: standIn.openLine, clock })
    const lag = { ...inVirtualTime(clock) }
    return {
      power: createRouterOsPower({ connection, clock, port: { comment: 'camera' } }), ...routerOsTruth(standIn, 'ether3'), offMs: 3_000, until: lag.until,
      // Without a status the relay may follow after the setting was read back.
      run: async (work) => lag.run(work).finally(async () => clock.advance(700)),
      dispose: async () => { await connection.close(); await standIn.close() },
    }
  })
})

for (const tls of [false, true]) {
  describeOnOffPower(`RouterOS over ${tls ? 'TLS' : 'TCP'}`, async () => {
    const standIn = createRouterOsStandIn(realClock)
    // A native cycle would take 5 s of real time.
    standIn.behaviour.status = 'none'
    const certificate = createThrowAwayCertificate()
    const port = await standIn.listen(tls ? certificate : undefined)
    const connection = routerOsAt({ host: '127.0.0.1', port, user: 'admin', password: 'secret', tls: tls ? { certificateSha256: certificate.sha256 } : undefined }, hastyClock)
    return {
      power: createRouterOsPower({ connection, clock: hastyClock, port: { ethernet: 'ether3' } }), ...routerOsTruth(standIn, 'ether3'), offMs: 1_000, ...inRealTime,
      dispose: async () => { await connection.close(); await standIn.close() },
    }
  })
}

const relayTruth = (standIn: RelayStandIn, relay: number): Pick<OpenedSwitch, 'hasPower' | 'cuts' | 'refuse' | 'dispose'> => ({
  hasPower: () => standIn.hasPower(relay), cuts: standIn.cuts, refuse: (state) => { standIn.refuses = state }, dispose: standIn.close,
})

for (const relays of [1, 4]) {
  describeOnOffPower(`Tasmota, ${relays} relays`, async () => {
    const standIn = await serveTasmota({ relays, password: 'p&ss=w% rd+' })
    const relay = relays === 1 ? 1 : 2
    const power = createTasmotaPower({ clock: hastyClock, host: '127.0.0.1', port: standIn.port, relay, user: 'admin', password: 'p&ss=w% rd+' })
    return { power, ...relayTruth(standIn, relay), offMs: 1_000, ...inRealTime }
  })
}

describeOnOffPower('PDUDaemon', async () => {
  const standIn = await servePduDaemon()
  const power = createPduDaemonPower({ clock: hastyClock, host: '127.0.0.1', port: standIn.port, pdu: 'pdu01', outlet: '3' })
  return { power, ...relayTruth(standIn, 3), offMs: 1_000, ...inRealTime }
})

for (const hasReading of [true, false]) {
  describeOnOffPower(`command ${hasReading ? 'with' : 'without'} a reading`, async () => {
    const standIn = await createCommandStandIn()
    const { argv } = standIn
    const power = createCommandPower({ clock: hastyClock, on: argv('on'), off: argv('off'), read: hasReading ? argv('read') : undefined, limitMs: 20_000, environment: process.env })
    return { power, hasPower: standIn.hasPower, cuts: standIn.cuts, refuse: (state) => { writeFileSync(join(standIn.folder, 'rules'), `no-${state}`) }, offMs: 2_000, ...inRealTime, dispose: standIn.dispose }
  })
}

for (const legacyPulse of [false, true]) {
  describeCycleOnlyPower(`Vectis, ${legacyPulse ? 'legacy byte' : 'DTR and RTS'}`, async () => {
    const clock = createVirtualClock()
    const bridge = createVectisStandIn(clock, { hasLines: !legacyPulse })
    return { power: createVectisPower({ transport: bridge.transport, clock, legacyPulse }), hasPower: bridge.hasPower, cuts: bridge.cuts, ...inVirtualTime(clock), dispose: bridge.close }
  })
}
