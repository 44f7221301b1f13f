import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { crc32 } from '../../src/shared/bytes/crc32.ts'
import { type ConsoleProbe, openConsoleProbe, reachPrompt } from './consoleProbe.ts'
import { describeWithPeer } from './peerGate.ts'
import { servePlainTftp } from './plainTftp.ts'
import { hasQemu, type QemuCamera, startQemuCamera } from './qemuCamera.ts'
import { findUbootImages } from './uboot/ubootImages.ts'

const images = findUbootImages()
const missing = [...(hasQemu() ? [] : ['qemu-system-arm']), ...(images ? [] : ['the built U-Boot (test/peers/uboot/build.sh)'])]

const hex = (value: number): string => value.toString(16)
/** Random-looking pages, the same on every run: page p starts with byte p, so all 256 first bytes occur. */
const pages = Uint8Array.from({ length: 0x10000 }, (_, index) => (index % 256 === 0 ? index >> 8 : (index * 167 + (index >> 8) * 31) & 0xff))

interface Bench {
  readonly camera: QemuCamera
  readonly console: ConsoleProbe
  readonly flash: () => Promise<Buffer>
  readonly restart: () => Promise<Bench>
}

async function boot(uboot: string, dir: string): Promise<Bench> {
  const flashFile = join(dir, 'flash.bin')
  const camera = await startQemuCamera({ uboot, flashFile, dir, signal: new AbortController().signal })
  onTestFinished(async () => camera.stop())
  const console = await openConsoleProbe(camera.consolePort)
  onTestFinished(() => { console.close() })
  await reachPrompt(console)
  return { camera, console, flash: async () => readFile(flashFile), restart: async () => boot(uboot, dir) }
}

async function bench(uboot: string | undefined): Promise<Bench> {
  const dir = await mkdtemp(join(tmpdir(), 'rackbench-qemu-'))
  onTestFinished(async () => rm(dir, { recursive: true }))
  return boot(uboot ?? '', dir)
}

/** Brings `bytes` into the camera's RAM by TFTP and writes them to flash; the answers as printed. */
async function fetchAndWrite({ console }: Bench, bytes: Uint8Array, offsetBytes: number): Promise<string> {
  const server = await servePlainTftp(new Map([['part.bin', bytes]]))
  onTestFinished(async () => server.close())
  await console.command('setenv ipaddr 10.0.2.15; setenv serverip 10.0.2.2')
  await console.command(`setenv tftpdstp ${server.port}`)
  expect(await console.command('tftpboot 0x82000000 part.bin')).toContain(`Bytes transferred = ${bytes.length}`)
  expect((await console.command(`crc32 0x82000000 0x${hex(bytes.length)}`)).toLowerCase()).toContain(`==> ${crc32(bytes).toString(16).padStart(8, '0')}`)
  expect(await console.command('sf probe 0')).toContain('16 MiB')
  expect(await console.command(`sf erase 0x${hex(offsetBytes)} 0x${hex(bytes.length)}`)).toContain('OK')
  return console.command(`sf write 0x82000000 0x${hex(offsetBytes)} 0x${hex(bytes.length)}`)
}

const readBackCrc = async ({ console }: Bench, offsetBytes: number, lengthBytes: number): Promise<string | undefined> => {
  expect(await console.command(`sf read 0x84000000 0x${hex(offsetBytes)} 0x${hex(lengthBytes)}`)).toContain('OK')
  return /==> ([0-9a-f]{8})/.exec(await console.command(`crc32 0x84000000 0x${hex(lengthBytes)}`))?.[1]
}

describeWithPeer('a real U-Boot in QEMU', missing, () => {
  test('starts, answers commands and names what it does not know', async () => {
    const { console } = await bench(images?.good)
    expect(await console.command('version')).toContain('U-Boot 2023')
    expect(await console.command('nonsense')).toContain("Unknown command 'nonsense'")
  })

  test('fetches by TFTP from a high port, writes flash and reads the same back', async () => {
    const camera = await bench(images?.good)
    expect(await fetchAndWrite(camera, pages, 0x350000)).toContain('OK')
    expect(await readBackCrc(camera, 0x350000, pages.length)).toBe(crc32(pages).toString(16).padStart(8, '0'))
    await camera.camera.stop()
    expect((await camera.flash()).subarray(0x350000, 0x350000 + pages.length).equals(pages)).toBe(true)
  })

  test('the miswriting build says OK, and its flash holds something else', async () => {
    const camera = await bench(images?.miswriting)
    expect(await fetchAndWrite(camera, pages, 0x350000)).toContain('OK')
    expect(await readBackCrc(camera, 0x350000, pages.length)).not.toBe(crc32(pages).toString(16).padStart(8, '0'))
    await camera.camera.stop()
    const stored = (await camera.flash()).subarray(0x350000, 0x350000 + pages.length)
    const wrong = Array.from({ length: 256 }, (_, page) => page).filter((page) => !stored.subarray(page * 256, page * 256 + 256).equals(pages.subarray(page * 256, page * 256 + 256)))
    // The opcodes of fast reads; a page that begins with one loses everything after its fourth byte. The others are near them.
    expect(wrong).toEqual(expect.arrayContaining([0x0b, 0x3b, 0x6b, 0xbb, 0xeb]))
    expect(wrong.length).toBeLessThan(32)
  })

  test('a reset starts it anew, and saved environment survives a power cut', async () => {
    const first = await bench(images?.good)
    expect(await first.console.command('setenv mark kept; saveenv')).toContain('OK')
    await first.console.command('setenv mark lost')
    await first.camera.reset()
    await first.console.until('U-Boot 2023')
    await reachPrompt(first.console)
    expect(await first.console.command('printenv mark')).toBe('mark=kept')
    await first.camera.powerCut()
    const second = await first.restart()
    expect(await second.console.command('printenv mark')).toBe('mark=kept')
  })

  test('leaves no process behind', async () => {
    const { camera } = await bench(images?.good)
    await camera.powerCut()
    expect(() => process.kill(camera.processId, 0)).toThrow('ESRCH')
    await camera.stop()
  })
})
