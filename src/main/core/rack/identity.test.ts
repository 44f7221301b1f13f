import { describe, expect, test } from 'vitest'
import { cameraIdSchema, jobIdSchema, podIdSchema } from '../../../shared/devices/ids.ts'
import type { JobNews } from '../../../shared/jobs/jobEvent.ts'
import type { Job } from '../../../shared/jobs/reduceJob.ts'
import type { IdentityReading } from '../../../shared/rack/identity.schema.ts'
import { type CameraIdentity, identityFacts, identityOf, judgeIdentity, knownBefore, knownFlashBytes, norSize, viewIdentity } from './identity.ts'

const camera = cameraIdSchema.parse('cam-1')
const [macA, macB] = ['02:52:42:00:00:01', '02:52:42:00:00:02']

/** Only what the fold looks at. */
const job = (number: number, more: Partial<Job>): Job => ({
  workflow: 'restore', id: jobIdSchema.parse(`job-${number}`), title: `Job ${number}`, pod: podIdSchema.parse('pod-1'), camera, state: 'succeeded', sequence: 1, queuedAtMs: number,
  phases: [], partitions: [], dumped: [], notes: [], cancelRequested: false, undone: [], leftBehind: [], ...more,
} as unknown as Job)
const read = (number: number, facts: IdentityReading['facts'], state: IdentityReading['state'] = 'same', more: Partial<Job> = {}): Job => job(number, { identity: { facts, state, atMs: number * 1000 }, ...more })
const of = (...oldestFirst: Job[]): CameraIdentity => identityOf(oldestFirst.toReversed(), camera)
const part = { name: 'mtd1', offsetBytes: 0x40000, lengthBytes: 0x10000, crc32: '11111111', state: 'proved', action: 'written', writes: 1 } as const

describe('what the journal says', () => {
  test('nothing at first, then each job adds what it read', () => {
    expect(of()).toEqual({ known: {}, found: undefined })
    const { known } = of(read(1, { mac: macA }, 'first'), read(2, { soc: 'hi3516ev300' }), job(3, {}), read(4, { mac: macA }))
    expect(known).toEqual({ mac: { value: macA, atMs: 4000, job: 'Job 4' }, soc: { value: 'hi3516ev300', atMs: 2000, job: 'Job 2' } })
  })
  test('another camera is found: it is told, and the known one stays, until it is accepted or the old one is back', () => {
    const before = [read(1, { mac: macA, jedecId: 'ef4018' }, 'first'), read(2, { mac: macB }, 'differs')]
    expect(of(...before).known.mac?.value).toBe(macA)
    expect(viewIdentity(of(...before)).differences).toEqual([{ field: 'mac', known: macA, found: macB, knownAtMs: 1000, foundAtMs: 2000 }])
    expect(knownBefore(of(...before), {})).toHaveLength(1)
    expect(knownBefore(of(...before, read(3, { mac: macA })), {})).toEqual([])
    // Nothing of the old one is left.
    expect(of(...before, read(3, { mac: macB }, 'accepted')).known).toEqual({ mac: { value: macB, atMs: 3000, job: 'Job 3' } })
  })
  test('the address is known still when the environment was written over, another one is told, and one that was proved counts', () => {
    const first = read(1, { mac: macA, soc: 'hi3516ev300' }, 'first')
    const over = read(2, { mac: macA }, 'same', { partitions: [part] })
    expect(of(first, over).known.mac?.value).toBe(macA)
    expect(() => { judgeIdentity({ cameraName: 'front', known: of(first, over).known, accept: false }, { mac: macB }, () => undefined, true) }).toThrow(`its MAC address is ${macB}, and was ${macA}`)
    // Every U-Boot has this one when it has no other: it tells nobody apart, so a fresh environment is no other camera.
    expect(() => { judgeIdentity({ cameraName: 'front', known: of(first, over).known, accept: false }, identityFacts({ mac: '00:00:23:34:45:66' }), () => undefined, true) }).not.toThrow()
    expect(of(first, read(2, { mac: macA }, 'same', { partitions: [{ ...part, action: 'unchanged' }] })).known.mac?.value).toBe(macA)
    expect(of(first, read(2, { mac: macA }, 'same', { partitions: [{ ...part, offsetBytes: 0, lengthBytes: 0x40000 }] })).known.mac?.value).toBe(macA)
    const environment = { state: 'proved', mac: { address: macB, reason: 'missing' }, set: [], keptCount: 0, lost: [] } as const
    expect(of(first, read(2, { mac: macA }, 'same', { workflow: 'install', environment } as unknown as Partial<Job>)).known.mac?.value).toBe(macB)
  })
  test('another camera\'s jobs say nothing', () => {
    expect(identityOf([read(1, { mac: macA })], cameraIdSchema.parse('cam-2')).known).toEqual({})
  })
})

describe('what a job does with it', () => {
  const judge = (facts: IdentityReading['facts'], accept = false, isDestructive = true, adapter?: string): readonly JobNews[] => {
    const told: JobNews[] = []
    judgeIdentity({ cameraName: 'front', known: of(read(1, { mac: macA, soc: 'hi3516ev300', adapter: 'usb://1a86:7523/?at=1-1' }, 'first')).known, accept, adapter }, facts, (news) => { told.push(news) }, isDestructive)
    return told
  }
  test('the same, and what is not known on one side, goes on', () => {
    expect(judge({ mac: macA })).toEqual([{ type: 'identity-read', facts: { mac: macA }, state: 'same' }])
    expect(judge({ jedecId: 'ef4018' })).toMatchObject([{ state: 'same' }])
    // U-Boot builds of one series are shared.
    expect(judge({ soc: 'hi3516ev200' })).toMatchObject([{ state: 'same' }])
  })
  test('another one stops what destroys, with both values and when', () => {
    expect(() => judge({ mac: macB })).toThrow(`This is not the front that is known here: its MAC address is ${macB}, and was ${macA} when "Job 1" read it at 1970-01-01 00:00 UTC`)
    expect(() => judge({}, false, true, 'usb://1a86:7523/?at=1-2')).toThrow('its USB adapter is usb://1a86:7523/?at=1-2')
    expect(judge({ mac: macB }, false, false)).toMatchObject([{ state: 'differs' }, { type: 'noted', level: 'warning' }])
    expect(judge({ mac: macB }, true)).toMatchObject([{ state: 'accepted', facts: { mac: macB } }])
  })
  test('a flash of another size stops as well, and jobs of before it was kept say nothing of it', () => {
    const { known } = of(read(1, { mac: macA }, 'first'), read(2, { mac: macA, flashSize: '16 MiB' }))
    expect(() => { judgeIdentity({ cameraName: 'front', known, accept: false }, { flashSize: '8 MiB' }, () => undefined, true) }).toThrow('its flash size is 8 MiB, and was 16 MiB when "Job 2" read it')
    expect([knownFlashBytes(of(read(1, { mac: macA }, 'first'))), knownFlashBytes({ known, found: undefined })]).toEqual([0, 16 * 1024 ** 2])
    expect([norSize('nor', 16 * 1024 ** 2), norSize(undefined, 2 ** 23), norSize('nand', 2 ** 27), norSize('nor', 0), norSize('nor', 17 * 1024 ** 2), norSize('nor', 0x10000)]).toEqual(['16 MiB', '8 MiB', undefined, undefined, undefined, undefined])
    expect(identityFacts({ flashSize: '17 MiB' })).toEqual({})
  })
  test('only what tells cameras apart counts, in one spelling', () => {
    expect(identityFacts({ mac: '00:00:23:34:45:66', jedecId: 'ffffff', soc: 'a b', adapter: '/dev/ttyUSB0', ubootVersion: ' ' })).toEqual({})
    expect(identityFacts({ mac: '02-52-42-00-00-0A ', jedecId: '0xEF4018', soc: 'HI3516EV300', adapter: 'usb://a', ubootVersion: 'U-Boot 1' })).toEqual({ mac: '02:52:42:00:00:0a', jedecId: 'ef4018', soc: 'hi3516ev300', adapter: 'usb://a', ubootVersion: 'U-Boot 1' })
  })
})
