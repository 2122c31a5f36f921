// What the scripts beside this one share.

/**
 * Splits the command line into files and the server's address; ends the program with status 64 when it is wrong.
 *
 * @param {string} usage how the script is called
 * @param {{most?: number, given?: string[]}} limits how many files it accepts, and the command line without options
 * @returns {{files: string[], url: string}} the URL without a slash at its end
 */
export function parseArguments(usage, { most = Infinity, given = process.argv.slice(2) } = {}) {
  const files = [...given];
  const url = files.length > 1 && /^https?:\/\//.test(files.at(-1)) ? files.pop() : "http://127.0.0.1:8080";
  if (files.length < 1 || files.length > most) {
    console.error(`usage: ${usage}`);
    process.exit(64);
  }
  return { files, url: url.replace(/\/$/, "") };
}

/** The header that shows the token in SLUICE_TOKEN; none where that is not set. */
export const authorization = process.env.SLUICE_TOKEN ? { Authorization: `Bearer ${process.env.SLUICE_TOKEN}` } : {};

/**
 * Sends the request, prints the response, and sets the exit status: 0 only for a status of 2xx.
 *
 * @param {() => Promise<Response>} send
 */
export async function finish(send) {
  try {
    const response = await send();
    process.stdout.write(await response.text());
    if (!response.ok) process.exitCode = 1;
  } catch (error) {
    // fetch says only "fetch failed"; the reason lies beneath.
    console.error(`not sent: ${error.cause?.message || error.cause?.code || error.message}`);
    process.exitCode = 1;
  }
}
