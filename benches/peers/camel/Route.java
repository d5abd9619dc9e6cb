import io.github.linuxforhealth.hl7.ConverterOptions;
import io.github.linuxforhealth.hl7.HL7ToFHIRConverter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.apache.camel.Processor;
import org.apache.camel.builder.RouteBuilder;
import org.apache.camel.component.kafka.KafkaConstants;
import org.apache.camel.component.mllp.MllpConstants;
import org.apache.camel.main.Main;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;

/**
 * Apache Camel's route from MLLP on PORT to a new TOPIC of the Kafka at BROKER, which acknowledges a message when the broker
 * has confirmed. With a fourth argument, "convert", what is written is the Bundle of the LinuxForHealth converter.
 *
 * <p>Its best: a thread for each connection, bytes that are not made a String where nobody reads them, one producer that
 * all threads share (acks=all, idempotent, batches as large as what is waiting, no time of waiting for more), one converter
 * likewise, which keeps nothing between messages.
 */
public final class Route {
  private static final int PARTITIONS = 4;
  private static final ConverterOptions OPTIONS = new ConverterOptions.Builder().build();
  private static final int CONNECTIONS = 256;

  public static void main(String[] arguments) throws Exception {
    String from =
        "mllp:0.0.0.0:"
            + arguments[0]
            + "?maxConcurrentConsumers="
            + CONNECTIONS
            + "&backlog="
            + CONNECTIONS
            + "&requireEndOfData=true&validatePayload=false&bridgeErrorHandler=true";
    String to =
        "kafka:"
            + arguments[2]
            + "?brokers="
            + arguments[1]
            + "&requestRequiredAcks=all&enableIdempotence=true&lingerMs=0&producerBatchSize=262144"
            + "&valueSerializer=org.apache.kafka.common.serialization.ByteArraySerializer";
    Processor step = arguments.length > 3 ? conversion() : exchange -> {};
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", arguments[1]))) {
      admin.createTopics(List.of(new NewTopic(arguments[2], PARTITIONS, (short) 1))).all().get();
    }
    Main main = new Main();
    main.configure()
        .addRoutesBuilder(
            new RouteBuilder() {
              @Override
              public void configure() {
                from(from)
                    .setHeader(KafkaConstants.KEY, header(MllpConstants.MLLP_SENDING_FACILITY))
                    .process(step)
                    .to(to);
              }
            });
    main.run();
  }

  private static Processor conversion() {
    HL7ToFHIRConverter converter = new HL7ToFHIRConverter();
    return exchange -> {
      String text = exchange.getIn().getBody(String.class);
      exchange.getIn().setBody(converter.convert(text, OPTIONS).getBytes(StandardCharsets.UTF_8));
    };
  }
}
