import { type CameraId, cameraIdSchema, jobIdSchema, podIdSchema } from '../../src/shared/devices/ids.ts'
import type { CameraLife, CameraView, PodView } from '../../src/shared/rack/rackView.schema.ts'

export interface FixtureCamera {
  view: CameraView
  text: string
}

const chips = ['hi3516ev300', 'gk7205v300', 'hi3516cv500', 'hi3518ev200', 'hi3516ev200', 'hi3516av200', 'gk7205v200', 'hi3516dv300'] as const
const lives: readonly CameraLife[] = ['booted', 'working', 'booted', 'boot loop', 'off', 'booting', 'unknown', 'u-boot', 'failed', 'booted', 'silent', 'boot rom']

const uboot = 'U-Boot 2016.11 (OpenIPC)\r\n\r\nCPU: hi3516ev300\r\nDRAM:  64 MiB\r\nSF: Detected W25Q128 with page size 256 B, erase 64 KiB, total 16 MiB\r\nIn:    serial\r\nNet:   eth0\r\n'
const kernel = '[    0.000000] Booting Linux on physical CPU 0x0\r\n[    0.000000] Linux version 4.9.37\r\n[    0.412010] m25p80 spi0.0: w25q128 (16384 Kbytes)\r\n[    1.208331] Creating 5 MTD partitions on "hi_sfc":\r\n[    1.731520] squashfs: version 4.0\r\n[    2.110004] VFS: Mounted root (squashfs filesystem) readonly on device 31:3.\r\n'
const restoring = 'OpenIPC # sf probe 0; echo __rb_41\r\nSF: Detected W25Q128 with page size 256 B, erase 64 KiB, 16 MiB\r\nOpenIPC # tftpboot 0x42000000 mtd2\r\nBytes transferred = 3145728 (300000 hex)\r\nOpenIPC # crc32 0x42000000 0x300000\r\ncrc32 for 42000000 ... 422fffff ==> bf160c6a\r\nOpenIPC # sf erase 0x50000 0x300000\r\nSF: 3145728 bytes @ 0x50000 Erased: OK\r\nOpenIPC # sf write 0x42000000 0x50000 0x300000\r\n'

const stories: Readonly<Record<CameraLife, { text: string; note: string; stage: number; watts: number | undefined }>> = {
  booted: { text: `${uboot}${kernel}[   12.007114] eth0: link up 100/Full\r\n[   14.221067] majestic: stream 1920x1080@25\r\n\r\nWelcome to OpenIPC\r\nopenipc-hi3516ev300 login: `, note: 'login:', stage: 4, watts: 2.3 },
  working: { text: `${uboot}${restoring}`, note: 'kernel 61 %', stage: 2, watts: 2.1 },
  'boot loop': { text: `${uboot}${kernel}Kernel panic - not syncing: VFS: Unable to mount root fs\r\n${uboot}${kernel}Kernel panic - not syncing: VFS: Unable to mount root fs\r\n`, note: '4 resets', stage: 3, watts: 1.9 },
  off: { text: '', note: '', stage: 0, watts: 0 },
  booting: { text: `${uboot}${kernel}[    3.002117] random: fast init done\r\n`, note: 'kernel', stage: 3, watts: 1.8 },
  unknown: { text: `${uboot}${kernel}`, note: 'pod silent', stage: 0, watts: undefined },
  'u-boot': { text: `${uboot}Hit any key to stop autoboot:  0\r\nOpenIPC # `, note: 'prompt', stage: 2, watts: 1.4 },
  failed: { text: `${uboot}OpenIPC # crc32 0x43000000 0xa00000\r\ncrc32 for 43000000 ... 439fffff ==> 5a1c09ff\r\nOpenIPC # `, note: 'rootfs CRC', stage: 2, watts: 1.5 },
  silent: { text: '', note: 'quiet for 4 min', stage: 0, watts: 1.1 },
  'boot rom': { text: '\u0020   ', note: 'waits for upload', stage: 1, watts: 1.2 },
}

const activityOf = (seed: number, life: CameraLife): number[] =>
  Array.from({ length: 24 }, (_, index) => (['off', 'silent', 'unknown'].includes(life) ? 0 : Math.round(Math.abs(Math.sin(seed * 7.3 + index * 1.9)) ** 3 * 4000)))

function jobOf(life: CameraLife): CameraView['job'] {
  if (life === 'working') return { id: jobIdSchema.parse('job-running'), workflow: 'restore', state: 'running', title: 'Restore cam-02', phase: 'kernel', percent: 61 }
  if (life === 'failed') return { id: jobIdSchema.parse('job-failed'), workflow: 'restore', state: 'failed', title: 'Restore cam-09', phase: 'rootfs', verdict: 'failed (state known)' }
  return undefined
}

/** One without a pod, one without boot files; the others can do everything. */
function whyNotOf(index: number): Pick<CameraView, 'whyNot'> | undefined {
  if (index === 0) return { whyNot: [
    { work: 'restore', cannot: false, sentence: 'The job asks you to switch this camera off and on, and goes on by itself when it starts.', next: 'Stay beside it, or choose a switch that does it.', fix: 'power' },
    { work: 'power', cannot: true, sentence: 'Nobody but you can switch this camera; a job says when.', next: 'Choose a switch, a plug or a command that does it.', fix: 'power' },
  ] }
  if (index !== 9) return undefined
  const needs = { cannot: true, sentence: 'The boot ROM of this chip needs a profile and a U-Boot image, which the data folder does not have.', next: 'Import the boot files of this chip under Settings.', fix: 'boot-files' } as const
  return { whyNot: [{ work: 'restore', ...needs }, { work: 'dump', ...needs }, { work: 'burn', ...needs }, { work: 'install', ...needs }] }
}

/** Cameras with a picture address, a firmware that was seen, alarms and a place; the last ones have no place yet. */
function factsOf(index: number, life: CameraLife): Pick<CameraView, 'picture' | 'firmware' | 'alarms' | 'inventory'> {
  const place = { rack: index < 96 ? `Rack ${'ABCDEFGH'.charAt(Math.floor(index / 24))}` : 'Rack E', row: Math.floor((index % 24) / 4) + 1, slot: (index % 4) + 1 }
  return {
    ...(life === 'silent' ? {} : { picture: { url: `http://10.216.129.${String((index % 200) + 10)}/image.jpg`, note: life === 'off' || life === 'unknown' || life === 'boot loop' ? 'The camera does not answer within 4 s' : '' } }),
    ...(life === 'silent' || life === 'off' ? {} : { firmware: { text: 'OpenIPC 2.5.11.02 · Linux 4.9.37 · U-Boot 2016.11', seenAtMs: 1_794_990_000_000 } }),
    ...(life === 'boot loop' ? { alarms: { count: 41, kinds: 3, words: 'Kernel panic - not syncing', tone: 'bad', atMs: 1_794_990_000_000 } } : {}),
    ...(index % 12 >= 10 ? {} : { inventory: { labels: index % 3 === 0 ? ['qa', 'lens=4mm'] : [], group: '', notes: '', place } }),
  }
}

function cameraOf(index: number, podNumber: number): FixtureCamera {
  const life = lives[index % lives.length] ?? 'booted'
  const story = stories[life]
  const name = `cam-${String(index + 1).padStart(index < 99 ? 2 : 3, '0')}`
  // Only the first of each kind has the job: one job belongs to one camera.
  const job = index < lives.length ? jobOf(life) : index === 12 ? { id: jobIdSchema.parse('job-ok'), workflow: 'restore' as const, state: 'succeeded' as const, title: `Restore ${name}`, phase: 'boot', verdict: 'restored and booted' as const } : undefined
  const unreachable = life === 'unknown'
  const text = story.text
  return {
    text,
    view: {
      id: cameraIdSchema.parse(name), name, podId: podIdSchema.parse(`pod-${String(podNumber)}`), chip: chips[index % chips.length] ?? 'hi3516ev300', flashBytes: 16 * 1024 * 1024,
      power: life === 'off' ? 'off' : unreachable ? 'unknown' : 'on', powerAbility: 'on-off', powerLabel: 'power of the pod', ...(story.watts === undefined ? {} : { watts: story.watts + (index % 5) / 10 * (life === 'off' ? 0 : 1) }),
      life, lifeNote: story.note, bootStage: story.stage, lastLine: text.trimEnd().split('\r\n').at(-1) ?? '', activity: activityOf(index, life),
      console: unreachable ? 'closed' : life === 'working' ? 'lent' : 'open', consoleNote: unreachable ? 'bridge lost, trying again' : life === 'working' ? 'lent to job-running' : '',
      bytesReceived: text.length, bytesLost: 0, ...factsOf(index, life), ...(whyNotOf(index) ?? {}), ...(life === 'working' ? { leaseHolder: 'job-running' } : {}), ...(job ? { job } : {}),
    },
  }
}

export interface FixtureRack {
  readonly pods: PodView[]
  readonly cameras: Map<CameraId, FixtureCamera>
  /** As `rack.watch` tells it, with what the cameras are now. */
  view(): PodView[]
}

/** `perPod` 1 is how real racks are built; 4 is a pod with several places. */
export function createFixtureRack(count: number, perPod: number, simulated: boolean): FixtureRack {
  const cameras = new Map<CameraId, FixtureCamera>()
  const pods: PodView[] = []
  for (let from = 0, number = 1; from < count; from += perPod, number += 1) {
    const own = Array.from({ length: Math.min(perPod, count - from) }, (_, index) => cameraOf(from + index, number))
    for (const camera of own) cameras.set(camera.view.id, camera)
    const lost = own.every(({ view }) => view.life === 'unknown')
    pods.push({
      id: podIdSchema.parse(`pod-${String(number)}`), name: `pod-${String(number)}`, url: `rack://10.216.128.${String(68 + number)}`, state: lost ? 'unreachable' : 'reachable', note: lost ? 'no answer for 4 min' : '',
      storeFreeBytes: Math.round((5.9 + (number % 3)) * 1024 * 1024), storeTotalBytes: 8 * 1024 * 1024, simulated, cameras: [],
    })
  }
  const view = (): PodView[] => pods.map((pod) => ({ ...pod, cameras: [...cameras.values()].map((camera) => camera.view).filter(({ podId }) => podId === pod.id) }))
  return { pods, cameras, view }
}
