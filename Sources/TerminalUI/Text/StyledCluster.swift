/// A cell's worth of text and how it is shown.
struct StyledCluster {
  let cluster: TextCluster
  let style: Style
}
