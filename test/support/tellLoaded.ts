import { appendFileSync } from 'node:fs'
import { registerHooks } from 'node:module'

/** For `node --import`: at the end of the process each module that it loaded is a line of the file in RACKBENCH_LOADED. Threads are told of as well. */
const loaded: string[] = []
registerHooks({
  load(url, context, next) {
    loaded.push(url)
    return next(url, context)
  },
})
process.on('exit', () => { appendFileSync(process.env['RACKBENCH_LOADED'] ?? '/dev/null', `${loaded.join('\n')}\n`) })
