import { createInterface } from 'node:readline'
import { startLoopbackRack } from '../../src/main/composition/simulator.ts'
import { openConsoleTap } from './consoleTap.ts'

/**
 * A rack in a process of its own, so that the bench measures the workbench alone. Arguments: folder, pods, pace, and `tapped` for consoles
 * that are counted on their way: then each line on standard input is answered by what they said so far. Ends with its standard input.
 */
const [, , folder = '', pods = '1', pace = '1', how = ''] = process.argv
const rack = await startLoopbackRack(folder, () => undefined, { pods: Number(pods), speed: 'real', pace: Number(pace) })
const taps = how === 'tapped' ? await Promise.all(rack.urls.map(openConsoleTap)) : []
process.stdout.write(`${JSON.stringify({ ...rack, ...(how === 'tapped' ? { urls: taps.map(({ url }) => url) } : {}), close: undefined })}\n`)
const asked = createInterface(process.stdin)
asked.on('line', () => { process.stdout.write(`${JSON.stringify(taps.map((tap) => tap.said()))}\n`) })
asked.once('close', () => {
  for (const tap of taps) tap.close()
  void rack.close().then(() => { process.exitCode = 0 })
})
