import { expect, test } from 'vitest'
import { crc32 } from '../../src/shared/bytes/crc32.ts'
import type { JobEvent } from '../../src/shared/jobs/jobEvent.ts'
import { resumeJob } from '../../src/main/composition/resumeJob.ts'
import { describeWithPeer } from './peerGate.ts'
import { hasQemu } from './qemuCamera.ts'
import { bootableImage, endWithRestarts, openRestoreBench } from './restoreBench.ts'
import { findUbootImages } from './uboot/ubootImages.ts'

const images = findUbootImages() ?? { good: '', miswriting: '' }
const missing = [...(hasQemu() ? [] : ['qemu-system-arm']), ...(images.good === '' ? ['the built U-Boot (test/peers/uboot/build.sh)'] : [])]
const crcText = (bytes: Uint8Array): string => crc32(bytes).toString(16).padStart(8, '0')

describeWithPeer('a restore through a real U-Boot', missing, () => {
  test('16 MiB by our own TFTP server: the flash holds every byte, and a second restore writes none', async () => {
    const bench = await openRestoreBench(images.good)
    const image = await bootableImage(images.good, 1)
    await bench.writeImage(image)
    const plan = await bench.plan()
    expect(plan.refusals).toEqual([])
    expect(plan.tftp).toMatchObject({ via: 'host', serverAddress: '10.0.2.2' })
    const job = await endWithRestarts(bench, await bench.start(plan))
    expect(job).toMatchObject({ verdict: 'restored, boot not seen', error: { code: 'device/not-booted' } })
    for (const part of job.partitions) {
      const expected = crcText(image.subarray(part.offsetBytes, part.offsetBytes + part.lengthBytes))
      expect(part).toMatchObject({ state: 'proved', action: 'written', crc32: expected, readBackCrc32: expected })
    }
    expect(job.partitions.reduce((sum, part) => sum + part.lengthBytes, 0)).toBe(image.length)
    expect((await bench.flash()).equals(image)).toBe(true)

    const again = await endWithRestarts(bench, await bench.start(await bench.plan()))
    expect(again.verdict).toBe('restored, boot not seen')
    expect(again.partitions.map(({ action }) => action)).toEqual(again.partitions.map(() => 'unchanged'))
  })

  test.each([11, 22, 33])('a U-Boot that stores other bytes and says OK is caught (content %i)', async (seed) => {
    const bench = await openRestoreBench(images.miswriting)
    const image = await bootableImage(images.good, seed)
    await bench.writeImage(image)
    const job = await endWithRestarts(bench, await bench.start(await bench.plan()))
    expect(job).toMatchObject({ state: 'failed', verdict: 'failed (state known)', error: { code: 'device/wrong-content' } })
    const wrong = job.partitions.filter(({ state }) => state === 'mismatch')
    expect(wrong).toHaveLength(1)
    // The evidence is what is really there: the CRC over the flash file itself, and not the image's.
    const flash = await bench.flash()
    for (const part of wrong) {
      expect(part.readBackCrc32).toBe(crcText(flash.subarray(part.offsetBytes, part.offsetBytes + part.lengthBytes)))
      expect(part.readBackCrc32).not.toBe(part.crc32)
      expect(part.writes).toBe(2)
    }
    for (const part of job.partitions.filter(({ action }) => action !== undefined)) {
      expect(crcText(flash.subarray(part.offsetBytes, part.offsetBytes + part.lengthBytes))).toBe(part.crc32)
    }
  })

  test('power cut in the middle of a write: no success, and the resumed restore leaves every byte right', async () => {
    const bench = await openRestoreBench(images.good)
    const image = await bootableImage(images.good, 4)
    await bench.writeImage(image)
    let cut: Promise<void> | undefined
    const cutInTheMiddle = (event: JobEvent): void => {
      if (event.type === 'partition-changed' && event.partition.state === 'writing') {
        // Half a second of about two that this write takes.
        cut ??= new Promise((resolve) => { setTimeout(() => { resolve(bench.camera().powerCut()) }, 500) })
      }
    }
    const first = await bench.start(await bench.plan())
    const job = await bench.end(first, cutInTheMiddle)
    await cut
    expect(job).toMatchObject({ state: 'failed', verdict: 'failed (state unknown)' })
    const halfWritten = await bench.flash()
    expect(halfWritten.equals(image)).toBe(false)

    await bench.powerOn()
    const resumed = await resumeJob(bench.workbench, first, new AbortController().signal)
    const second = await endWithRestarts(bench, resumed)
    expect(second).toMatchObject({ verdict: 'restored, boot not seen', error: { code: 'device/not-booted' } })
    expect((await bench.flash()).equals(image)).toBe(true)
  })
})
