import type { DatagramNetwork } from '../../shared/devices/datagram.ts'
import type { RackPod } from '../../shared/devices/rackPod.ts'
import type { OpenTransport } from '../../shared/devices/transport.ts'
import type { Clock } from '../../shared/lifecycle/clock.ts'
import { createBehaviours } from './behaviours.ts'
import type { RomOptions } from './bootrom/romOptions.ts'
import { type Fault, parseFault } from './faults.ts'
import { createMemoryConsole, createMemoryPod } from './memoryFace.ts'
import { createPodBridge, type PodBridge } from './podBridge.ts'
import { createPodMemory, type StagedEntry } from './podStore.ts'
import { drawScene, type SimSnapshot } from './scene.ts'
import { fillWithOldSystem } from './referenceLayout.ts'
import { createSimCamera, type SecondFlash, type SimCameraView } from './simCamera.ts'
import { createSimPod, type SimPod } from './simPod.ts'
import { createRandom, type SimSpeed, type Timing, timingOf } from './timing.ts'

export interface SimRackOptions {
  readonly clock: Clock
  readonly pods: number
  readonly speed: SimSpeed
  readonly flashMb?: 8 | 16 | 32
  /** What the cameras have beside their NOR. */
  readonly secondFlash?: SecondFlash
  /** `NAME[:ARGUMENT][#TIMES][@POD]` each. */
  readonly faults?: readonly string[]
  readonly chip?: string
  readonly random?: () => number
  /** How a camera reaches a TFTP server of the lab; without it only the pod answers. */
  readonly network?: DatagramNetwork
  /** Local address of the cameras' datagrams. */
  readonly cameraAddress?: string
  /** A log line of the running system now and then. */
  readonly lively?: boolean
  /** False: the cameras are dark until somebody switches them on. */
  readonly powered?: boolean
  /** The cameras' boot ROMs speak on the UART, so that a host can load a U-Boot over the bridge. */
  readonly bootRomOnUart?: RomOptions
  readonly log?: (line: string) => void
}

export interface SimPodHandle {
  readonly id: string
  /** The pod in memory. */
  readonly pod: RackPod
  /** Its UART bridge in memory. */
  readonly openConsole: OpenTransport
  readonly camera: SimCameraView
  staged(): readonly StagedEntry[]
  /** What the pod's current meter would show. */
  watts(): number
  /** What its web server answers to `/image.jpg`; `silent` where none is up. */
  snapshot(): SimSnapshot
  addFault(text: string): void
  clearFaults(): void
  /** For the face on sockets. */
  readonly firmware: SimPod
  readonly bridge: PodBridge
}

export interface SimRack {
  readonly pods: readonly SimPodHandle[]
  readonly timing: Timing
  /** Switches everything off; idempotent. */
  close(): Promise<void>
}

/** A rack of pods with one camera each. They run from here on, on the clock that is passed in and on no other. */
export function createSimRack(options: SimRackOptions): SimRack {
  const random = options.random ?? createRandom(0x5241_434b)
  const faults = (options.faults ?? []).map((text) => parseFault(text, random))
  const over = new AbortController()
  const pods = Array.from({ length: options.pods }, (_, index) => createPod(options, index + 1, faults, random, over.signal))
  return {
    pods: pods.map(({ handle }) => handle),
    timing: timingOf(options.speed),
    close: async () => {
      over.abort(new Error('the rack is closed'))
      for (const { stop } of pods) stop()
    },
  }
}

function createPod(options: SimRackOptions, serial: number, faults: readonly Fault[], random: () => number, signal: AbortSignal): { handle: SimPodHandle; stop: () => void } {
  const { clock, speed, network, cameraAddress = '127.0.0.1', log = () => undefined } = options
  const id = `pod-${serial}`
  const timing = timingOf(speed)
  const behaviours = createBehaviours()
  const add = ({ podId, behaviour, times }: Fault): void => { if (podId === undefined || podId === id) behaviours.add(behaviour, times) }
  faults.forEach(add)
  const maxFiles = behaviours.ask('maxFiles')
  const memory = createPodMemory(maxFiles === undefined ? {} : { maxFiles })
  for (const { name, lengthBytes } of behaviours.ask('leftovers') ?? []) memory.reserve(lengthBytes)?.commit(name, new Uint8Array(lengthBytes))

  // The camera and its bridge know each other; whichever is made first reaches the other through this.
  const bridge: PodBridge = createPodBridge({ clock, timing, behaviours, random, signal, toCamera: (bytes) => { camera.receive(bytes) }, cameraBaudRate: () => camera.baudRate })
  const camera = createSimCamera({
    id: `cam-${serial}`, chip: options.chip ?? 'hi3516ev300', flashMb: options.flashMb ?? 16, clock, timing, behaviours, random, log,
    lively: options.lively ?? false, bootRomOnUart: options.bootRomOnUart, secondFlash: options.secondFlash,
    network: { fetchFromPod: (name) => memory.fetch(name), datagrams: network, localAddress: cameraAddress },
    fill: (flash, soc) => { fillWithOldSystem(flash, soc, serial) },
    onOutput: (bytes) => { bridge.fromCamera(bytes) },
  })
  const firmware = createSimPod({ clock, timing, behaviours, random, signal, memory, bridge, camera })
  if (options.powered ?? true) camera.powerOn('boots-from-flash')
  const handle: SimPodHandle = {
    id,
    pod: createMemoryPod(firmware, `memory://${id}`),
    openConsole: createMemoryConsole({ bridge, clock, timing, label: `memory://${id}/uart` }),
    camera: camera.view,
    staged: () => memory.list(),
    watts: () => watts(camera.view, clock, serial),
    snapshot: () => behaviours.ask('onSnapshot') ?? (camera.view.where === 'linux' ? { jpeg: drawScene(serial, clock.nowMs()) } : 'silent'),
    addFault: (text) => { add(parseFault(text, random)) },
    clearFaults: () => { behaviours.clear() },
    firmware,
    bridge,
  }
  return { handle, stop: () => { bridge.closeClient(); camera.powerOff() } }
}

const typicalWatts = { off: 0, 'boot-rom': 0.9, 'u-boot': 1.4, agent: 1.4, kernel: 1.9, linux: 2.2 } as const

function watts({ where }: SimCameraView, clock: Clock, serial: number): number {
  if (where === 'off') return 0
  const wobble = Math.sin(clock.nowMs() / 1700 + serial) * 0.06
  return Math.round((typicalWatts[where] + wobble) * 100) / 100
}
