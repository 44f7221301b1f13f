import { startLoopbackRack } from '../../src/main/composition/simulator.ts'

/** A rack in a process of its own, so that the bench measures the workbench alone. Arguments: folder, pods, pace. Ends with its standard input. */
const [, , folder = '', pods = '1', pace = '1'] = process.argv
const rack = await startLoopbackRack(folder, () => undefined, { pods: Number(pods), speed: 'real', pace: Number(pace) })
process.stdout.write(`${JSON.stringify({ ...rack, close: undefined })}\n`)
process.stdin.resume()
process.stdin.once('end', () => { void rack.close().then(() => { process.exitCode = 0 }) })
