import { createAgentBench, denseImage } from '../support/agentBench.ts'
import type { BenchRow } from './row.ts'

const baudRate = 921_600
const imageBytes = 8 * 1024 * 1024
const lineBytesPerSecond = baudRate / 10

/** The flash agent at its highest proved rate, against what the line can carry. Virtual time: the simulated line takes true byte times. */
export async function agentRows(): Promise<BenchRow[]> {
  const { signal } = new AbortController()
  const bench = createAgentBench({ flashBytes: imageBytes, fastBaudRate: baudRate })
  const image = denseImage(imageBytes)
  return bench.run(async () => {
    await bench.client.useBaudRate(baudRate, signal)
    const secondsOf = async (work: () => Promise<unknown>): Promise<number> => {
      const startedMs = bench.clock.nowMs()
      await work()
      return (bench.clock.nowMs() - startedMs) / 1000
    }
    const share = (bytes: number, seconds: number): number => Math.round(bytes / seconds / lineBytesPerSecond * 1000) / 10
    const row = (name: string, value: number, least: number): BenchRow =>
      ({ name: `flash agent at ${baudRate} baud (virtual clock), ${name}`, value, unit: '%', goal: `>= ${least}`, ok: value >= least })
    let writtenAtMs = 0
    const startedMs = bench.clock.nowMs()
    await bench.client.flashStream(0, image, { onState: ({ stage }) => { if (stage === 'written') writtenAtMs = bench.clock.nowMs() } }, signal)
    const provedSeconds = (bench.clock.nowMs() - startedMs) / 1000
    if (bench.flash.cells.some((byte, index) => byte !== image[index])) throw new Error('the cells are not the image')
    const readSeconds = await secondsOf(async () => bench.client.readFlash(0, imageBytes, signal))
    const ramSeconds = await secondsOf(async () => bench.client.write(0x41000000, image.subarray(0, 2 * 1024 * 1024), signal))
    return [
      row('stream of 8 MiB into flash, of the line', share(imageBytes, (writtenAtMs - startedMs) / 1000), 93),
      row('the same with its proof, of the line', share(imageBytes, provedSeconds), 93),
      row('whole flash read and proved, of the line', share(imageBytes, readSeconds), 93),
      row('2 MiB into RAM and proved, of the line', share(2 * 1024 * 1024, ramSeconds), 93),
    ]
  })
}
