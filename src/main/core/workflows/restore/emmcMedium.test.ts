import { expect, test } from 'vitest'
import type { PlannedPartition } from '../../../../shared/restore/restore.schema.ts'
import { restoreRequestSchema } from '../../../../shared/restore/restore.schema.ts'
import type { UbootSession } from '../../uboot/ubootSession.ts'
import { createEmmcMedium } from './emmcMedium.ts'

const signal = new AbortController().signal
const planned: PlannedPartition = { name: 'mtd1', source: 'mtd1', offsetBytes: 0x2000, lengthBytes: 1000, eraseBytes: 1024, crc32: '00000000', isBoot: false, load: 0, loadOffsetBytes: 0, medium: { kind: 'emmc' } }

/** A U-Boot that says what it is told to say about its reads. */
async function reading(moved: string): Promise<string | undefined> {
  const session: UbootSession = { run: async (command) => (command.startsWith('mmc read') ? moved : command.startsWith('crc32') ? 'crc32 for 43000000 ... 430003e7 ==> 12345678' : '') }
  const medium = createEmmcMedium({ plan: { request: restoreRequestSchema.parse({ cameraId: 'cam-1', inputPath: '/x', flashType: 'emmc' }), partitions: [planned], proofAddress: 0x43000000 }, newPoison: () => 1 })
  return medium.currentCrc(session, planned, signal)
}

test('a read counts when it was of the blocks that were asked for, and of all of them', async () => {
  await expect(reading('MMC read: dev # 0, block # 16, count 2 ... 2 blocks read: OK')).resolves.toBe('12345678')
  for (const other of ['block # 16, count 1 ... 1 blocks read: OK', 'block # 6, count 2 ... 2 blocks read: OK', 'block # 16, count 2 ... 1 blocks read: OK', '']) {
    await expect(reading(`MMC read: dev # 0, ${other}`)).rejects.toMatchObject({ code: 'link/garbled' })
  }
})
