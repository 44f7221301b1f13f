import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { RackPod } from '../../src/shared/devices/rackPod.ts'

export interface OpenedPod {
  readonly pod: RackPod
  /** A blob that this pod's camera takes, and one that it cannot parse. */
  readonly goodBlob: Uint8Array
  /** Lets time pass where time is virtual. */
  readonly run: <T>(work: Promise<T>) => Promise<T>
  readonly dispose: () => Promise<void>
}

const never = new AbortController().signal

/** What every rack pod does, whichever face it is reached by: 4 slots of 8 MiB, nothing staged at the start. */
export function describeRackPod(name: string, open: () => Promise<OpenedPod>): void {
  describe(`rack pod contract: ${name}`, () => {
    let opened: OpenedPod
    const run = async <T>(work: Promise<T>): Promise<T> => opened.run(work)
    beforeEach(async () => { opened = await open() })
    afterEach(async () => { await opened.dispose() })

    test('takes power on, off and cycle', async () => {
      for (const action of ['on', 'off', 'cycle', 'on'] as const) await run(opened.pod.power(action, never))
    })

    test('lists, stages, replaces, drops one, drops all', async () => {
      const { pod } = opened
      const empty = await run(pod.store(never))
      expect(empty).toMatchObject({ files: [], maxFiles: 4, maxFileBytes: 8 * 1024 * 1024 })
      expect(empty.largestFreeBytes).toBeGreaterThan(0)
      expect(empty.freeBytes).toBeGreaterThanOrEqual(empty.largestFreeBytes)
      const told: number[] = []
      await run(pod.stage('uImage', new Uint8Array(100_000), never, (sentBytes) => { told.push(sentBytes) }))
      expect(told.at(-1)).toBe(100_000)
      expect(told).toEqual([...told].sort((a, b) => a - b))
      await run(pod.stage('root.fs+1', new Uint8Array(500), never))
      await run(pod.stage('uImage', new Uint8Array(70_000), never))
      const { files, freeBytes } = await run(pod.store(never))
      expect(Object.fromEntries(files.map((file) => [file.name, file.lengthBytes]))).toEqual({ 'uImage': 70_000, 'root.fs+1': 500 })
      expect(freeBytes).toBeLessThan(empty.freeBytes)
      await run(pod.unstage('root.fs+1', never))
      expect((await run(pod.store(never))).files.map((file) => file.name)).toEqual(['uImage'])
      await run(pod.clear(never))
      expect((await run(pod.store(never))).files).toEqual([])
    })

    test('an empty store can be cleared', async () => { await run(opened.pod.clear(never)) })

    test('more than fits is pod/no-room with both figures, and leaves nothing behind', async () => {
      const { pod } = opened
      await run(pod.stage('filler', new Uint8Array(5 * 1024 * 1024), never))
      const failure = await run(pod.stage('image', new Uint8Array(6 * 1024 * 1024), never).then(() => 'staged', (error: unknown) => error))
      expect(failure).toMatchObject({ code: 'pod/no-room', context: { requestedBytes: 6 * 1024 * 1024 } })
      expect((await run(pod.store(never))).files.map((file) => file.name)).toEqual(['filler'])
    })

    test('a fifth file is refused', async () => {
      const { pod } = opened
      for (const index of [0, 1, 2, 3]) await run(pod.stage(`f${index}`, new Uint8Array(10), never))
      await expect(run(pod.stage('f4', new Uint8Array(10), never))).rejects.toMatchObject({ code: expect.stringMatching(/^pod\/(refused|no-room)$/) as string })
    })

    test('names that no U-Boot could ask for are refused', async () => {
      for (const bad of ['', 'a/b', '../x', 'a b']) {
        // By whoever looks first, the client or the pod.
        const code = expect.stringMatching(/^(input\/malformed|pod\/refused)$/) as string
        await expect(run(opened.pod.stage(bad, new Uint8Array(1), never))).rejects.toMatchObject({ code })
        await expect(run(opened.pod.unstage(bad, never))).rejects.toMatchObject({ code })
      }
      expect((await run(opened.pod.store(never))).files).toEqual([])
    })

    test('a boot-ROM upload ends with its result', async () => {
      const result = await run(opened.pod.fastboot(opened.goodBlob, never))
      expect(result).toMatchObject({ success: true, lastPhase: 'done' })
      expect(result.handshakeMarkers).toBeGreaterThanOrEqual(5)
      expect(result.elapsedMs).toBeGreaterThan(0)
    })

    test('a blob over 1 MiB is refused before it is sent', async () => {
      await expect(run(opened.pod.fastboot(new Uint8Array(1024 * 1024 + 1), never))).rejects.toMatchObject({ code: 'input/too-large' })
    })

    test('an abort rejects with its reason', async () => {
      const reason = new Error('closed the window')
      await expect(run(opened.pod.power('cycle', AbortSignal.abort(reason)))).rejects.toBe(reason)
      await expect(run(opened.pod.stage('x', new Uint8Array(10), AbortSignal.abort(reason)))).rejects.toBe(reason)
    })

    test('takes a baud rate', async () => { await run(opened.pod.setBaudRate(921_600, never)) })
    test('has a label', () => { expect(opened.pod.label).toMatch(/\S{3,}/) })
  })
}
