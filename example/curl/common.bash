# What the scripts beside this one share. Sourced, not run.

# Prints its argument escaped for one component of a URL (RFC 3986: all but letters, digits and -._~).
escape() {
  local LC_ALL=C text=$1 character index
  for ((index = 0; index < ${#text}; index++)); do
    character=${text:index:1}
    case $character in
      [a-zA-Z0-9._~-]) printf '%s' "$character" ;;
      *) printf '%%%02X' "'$character" ;;
    esac
  done
}

# Prints the header field with the token in SLUICE_TOKEN; nothing where that is not set. To be passed as a file, since
# all users of a machine can read its command lines: curl --header @<(authorization)
authorization() {
  if [[ -n ${SLUICE_TOKEN-} ]]; then printf 'Authorization: Bearer %s\n' "$SLUICE_TOKEN"; fi
}

# Ends the script unless its argument is a file that can be read.
require_file() {
  if [[ ! -f $1 || ! -r $1 ]]; then
    printf '%s: no such file, or it cannot be read: %s\n' "${0##*/}" "$1" >&2
    exit 1
  fi
}
